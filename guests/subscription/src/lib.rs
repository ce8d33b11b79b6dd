//! A node's subscription, as prometheus-pve-exporter has it, from `/nodes/{node}/subscription`.
//!
//! The due date is a day without a time; it stands for midnight UTC, where the original takes midnight of whatever time
//! zone it happens to run in. Proxmox VE up to 7.1 sends `NotFound` for `notfound`, which is understood here.

mod date;

use pve_collector::{Collector, Failure, Input, Output, Package, Request, State, Table, lenient::Text, states, tables};
use serde::Deserialize;

const SUBSCRIPTION: Request = Request::get("/nodes/{node}/subscription");

states! {
    /// What became of the key.
    Status {
        New = "new",
        Notfound = "notfound",
        Active = "active",
        Invalid = "invalid",
        Expired = "expired",
        Suspended = "suspended",
    }
}

tables! {
    /// What was bought.
    SubscriptionInfo(id, level) {
        info "pve_subscription_info" "Proxmox VE subscription info (1 if present)";
    }

    /// What it is worth.
    SubscriptionStatus(id) {
        state status: Status("status") "pve_subscription_status" "Proxmox VE subscription status (1 if matches status)";
        gauge next_due "pve_subscription_next_due_timestamp_seconds" "Subscription next due date as Unix timestamp";
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    level: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    nextduedate: Text<'a>,
}

/// The collector.
pub struct Subscription;

impl Collector for Subscription {
    const PACKAGE: Package = pve_collector::package!();
    const REQUESTS: &'static [Request] = &[SUBSCRIPTION];
    const TABLES: &'static [Table] = TABLES;

    fn collect(input: &Input, output: &mut Output) -> Result<(), Failure> {
        let answer: Answer = input.object(SUBSCRIPTION)?;
        let id = format!("node/{}", input.node());
        let level = answer.level.as_str().unwrap_or("unknown").to_owned();
        let date = answer.nextduedate.or_empty();
        let next_due = date::midnight(date);
        if next_due.is_none() && !date.is_empty() {
            output.warn(format!("nextduedate is no date: {date:?}"));
        }
        output.push(SubscriptionInfo { id: id.clone(), level });
        let status = State::named(&answer.status.or_empty().to_ascii_lowercase());
        output.push(SubscriptionStatus { id, status, next_due });
        Ok(())
    }
}

pve_collector::export!(Subscription);
