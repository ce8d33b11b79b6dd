//! A node's subscription, as in prometheus-pve-exporter, from `/nodes/{node}/subscription`.
//!
//! The due date is a day without a time. Here it means midnight UTC; in the original, midnight in the exporter's time zone.
//! Proxmox VE up to 7.1 sends `NotFound` instead of `notfound`; both are accepted.

mod date;

use pve_collector::{Collector, Failure, Input, Output, Package, Request, State, Table, lenient::Text, states, tables};
use serde::Deserialize;

const SUBSCRIPTION: Request = Request::get("/nodes/{node}/subscription");

states! {
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
    SubscriptionInfo(id, level) {
        info "pve_subscription_info" "Proxmox VE subscription info (1 if present)";
    }

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
