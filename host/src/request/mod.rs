//! Requests to the API, without I/O: path templates, the places they are bound to, and the resulting paths.

mod costly;
mod denied;
mod path;
mod place;
mod segment;
mod template;

pub use costly::Costly;
pub use path::{Breadth, Path};
pub use place::{GuestType, Place};
pub use segment::Placeholders;
pub use template::{BindError, Template, TemplateError};
