//! The node that the exporter is connected to fails; other addresses of the cluster may help.

use super::super::report::{ALL, Report, failed};
use super::super::row::{Act, Addresses, Row, fault, fault_of_second};
use super::super::selection::everything;

const REFUSED: &str = r#"{"kind":{"connections":"refused"}}"#;
const IGNORED: &str = r#"{"kind":{"connections":"ignored"}}"#;

pub(super) fn rows() -> Vec<Row> {
    let two = |row: Row| row.set(|settings| settings.addresses = Addresses::Two);
    vec![
        two(Row::new("First address refuses connections; then it is back and the second refuses", []))
            .phases([(3, vec![fault(REFUSED)]), (2, vec![Act::Clear(0), fault_of_second(REFUSED)])])
            .logs(2),
        two(Row::new("First address accepts connections, but doesn't respond", [fault(IGNORED)])).waits(1).logs(1),
        Row::new("First address drops packets", [])
            .waits(1)
            .set(|settings| settings.addresses = Addresses::FirstDropsPackets),
        two(Row::new("First address responds with a proxy's 503", [fault(r#"{"status":503,"body":"proxy_page"}"#)]))
            .logs(1),
        two(Row::new("First address responds with 596", [fault(r#"{"status":596}"#)])).logs(1),
        two(Row::new("First address closes every connection", [fault(r#"{"kind":{"delivery":"reset"}}"#)])).logs(1),
        two(Row::new("Both addresses refuse connections", [fault(REFUSED), fault_of_second(REFUSED)]))
            .loses([everything()])
            .reports([Report::TargetDown, failed(ALL, "unavailable")])
            .logs(1),
        Row::new("A name has two addresses, and the first refuses connections", [])
            .set(|settings| settings.addresses = Addresses::NameFirstRefuses),
        Row::new("A name has two addresses, and the first drops packets", [])
            .waits(1)
            .set(|settings| settings.addresses = Addresses::NameFirstDropsPackets),
    ]
}
