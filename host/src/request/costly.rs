//! Requests that cost a cluster more than an answer.

/// A path with a cost for the whole cluster. Its requests are made one at a time, not for every scrape, and only for the nodes that
/// need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costly {
    template: &'static str,
    /// The path that lists, without this cost, the jobs that the requests are about. Each is the job of a guest.
    pub jobs: &'static str,
    /// The age an answer may have, even if a collector wants a younger one.
    pub max_age_seconds: u32,
}

/// `PVE::ReplicationState::job_status` takes a cluster-wide lock, even if there is no job. A node that finds it taken sleeps for a
/// second, and without quorum each request blocks a worker for 10 s.
const COSTLY: [Costly; 1] =
    [Costly { template: "/nodes/{node}/replication", jobs: "/cluster/replication", max_age_seconds: 60 }];

impl Costly {
    /// The entry for a path template, with or without a query.
    pub(super) fn of(template: &str) -> Option<&'static Self> {
        let path = template.split('?').next().unwrap_or_default();
        COSTLY.iter().find(|costly| costly.template == path)
    }
}
