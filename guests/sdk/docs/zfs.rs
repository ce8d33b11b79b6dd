use pve_collector::{
    Collector, Failure, Input, Output, Package, Request, State, Table,
    lenient::{Number, Text},
    log, states, tables,
};
use serde::Deserialize;

const POOLS: Request = Request::get("/nodes/{node}/disks/zfs").max_age(60);

states! {
    /// The health of a pool.
    pub Health { Online = "ONLINE", Degraded = "DEGRADED", Faulted = "FAULTED" }
}

tables! {
    /// A ZFS pool.
    Pool(node, pool) {
        gauge size "pve_zfs_pool_size_bytes" "Size of the pool, from size.";
        gauge free "pve_zfs_pool_free_bytes" "Free space of the pool, from free.";
        state health: Health("health") "pve_zfs_pool_health" "Health of the pool, from health.";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    size: Number,
    #[serde(default)]
    free: Number,
    #[serde(borrow, default)]
    health: Text<'a>,
}

/// Collects ZFS pools; the setting `skip` names one to leave out.
pub struct Zfs;

impl Collector for Zfs {
    const PACKAGE: Package = Package { name: "zfs", version: "1.0.0", description: "Space and health of ZFS pools." };
    const REQUESTS: &'static [Request] = &[POOLS];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        for pool in input.list::<Answer>(POOLS, output)? {
            let name = pool.name.label();
            if name.is_empty() {
                output.warn("a pool without a name is left out");
            } else if input.setting("skip") == Some(name.as_str()) {
                log::info(&format!("{name} is skipped"));
            } else {
                output.push(Pool {
                    node: input.node().to_owned(),
                    pool: name,
                    size: pool.size.0,
                    free: pool.free.0,
                    health: pool.health.as_str().map_or(State::Absent, State::named),
                });
            }
        }
        Ok(())
    }
}
