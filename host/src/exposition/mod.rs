//! The exposition: families and samples encoded as Prometheus text 0.0.4 or OpenMetrics 1.0.
//!
//! The encoder is ours, since no library encodes families whose names are known only at run time in both formats, and this is the
//! hot path: 10,000 guests are some 380,000 lines. It does not check anything; `schema` has checked names, types and
//! duplicates.

mod encoder;
mod labels;
mod negotiation;
mod number;

pub(crate) use encoder::StateTails;
pub use encoder::{Encoder, Type};
pub(crate) use labels::push_pair;
pub use labels::{is_label_name, is_metric_name, push_label};
pub use negotiation::{Format, accepts_gzip};
