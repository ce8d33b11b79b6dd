//! `tables!` and `states!`: a collector's tables as Rust types.
//!
//! A row with an unknown or missing label or metric, or with a state of another state-set, does not compile. Only this
//! module deals with the contract's indices and orders.

/// Declares the tables of a collector: the constant `TABLES`, and a struct per table whose values are rows.
///
/// A table is `Name(labels) { metrics }`. Labels become `String` fields; `field as "label"` names a label that is not a
/// Rust identifier. A metric is a kind, a field, a name and a help text:
///
/// | kind | field |
/// |---|---|
/// | `gauge field "name" "help";` | `Option<f64>`; `None` is no series |
/// | `gauge "name" "help";` | none: always 1 |
/// | `counter field "name_total" "help";` | `Option<f64>` |
/// | `info "name_info" "help";` | none: always 1 |
/// | `state field: States("label") "name" "help";` | [`State`](crate::State) of a [`states!`](crate::states) |
///
/// ```
/// use pve_collector::{Output, State, states, tables};
///
/// states! {
///     /// What SMART says.
///     pub Smart { Passed = "passed", Failed = "failed" }
/// }
///
/// tables! {
///     /// A disk.
///     Disk(node, devpath) {
///         gauge size "pve_disk_size_bytes" "Size of the disk.";
///         state smart: Smart("state") "pve_disk_smart_status" "What SMART says.";
///     }
///     /// Facts about a disk.
///     DiskInfo(node, devpath, kind as "type") {
///         info "pve_disk_info" "Facts about a disk.";
///     }
/// }
///
/// let mut output = Output::default();
/// output.push(Disk {
///     node: "node01".into(),
///     devpath: "/dev/sda".into(),
///     size: Some(512e9),
///     smart: State::Is(Smart::Passed),
/// });
/// output.push(DiskInfo { node: "node01".into(), devpath: "/dev/sda".into(), kind: "ssd".into() });
/// assert_eq!(TABLES[1].labels, ["node", "devpath", "type"]);
/// assert_eq!(output.rows[1].table, 1);
/// ```
///
/// A wrong row does not compile:
///
/// ```compile_fail
/// # use pve_collector::{Output, tables};
/// tables! {
///     /// A disk.
///     Disk(node) { gauge size "pve_disk_size_bytes" "Size."; }
/// }
/// Output::default().push(Disk { node: "node01".into() }); // `size` is missing
/// ```
#[macro_export]
macro_rules! tables {
    ($(
        $(#[$meta:meta])*
        $table:ident ( $($label:ident $(as $label_name:literal)?),* $(,)? ) {
            $( $kind:ident $($field:ident $(: $states:ident ($state_label:literal))?)? $name:literal $help:literal ; )+
        }
    )+) => {
        /// The collector's tables.
        pub const TABLES: &[$crate::Table] = &[$(
            $crate::Table {
                labels: &[$($crate::__label!($label $(as $label_name)?)),*],
                metrics: &[$(
                    $crate::Metric {
                        name: $name,
                        help: $help,
                        kind: $crate::__kind!($kind $($field $(: $states ($state_label))?)?),
                    }
                ),+],
            }
        ),+];

        /// The tables' positions in `TABLES`.
        #[allow(clippy::enum_variant_names, reason = "the names are the author's")]
        enum __Position { $($table),+ }

        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $table {
                $(
                    #[doc = concat!("Label `", $crate::__label!($label $(as $label_name)?), "`.")]
                    pub $label: ::std::string::String,
                )*
                $($(
                    #[doc = $help]
                    pub $field: $crate::__field!($($states)?),
                )?)+
            }

            impl $crate::TableRow for $table {
                fn into_row(self) -> $crate::Row {
                    $crate::Row {
                        table: __Position::$table as u32,
                        labels: ::std::vec![$(self.$label),*],
                        values: ::std::vec![$($crate::__value!($(self.$field)?)),+],
                    }
                }
            }
        )+
    };
}

/// Declares the states of a state-set: an enum with the name of each variant in the exposition.
///
/// ```
/// use pve_collector::{States, states};
///
/// states! {
///     /// What SMART says.
///     pub Smart { Passed = "passed", Failed = "failed" }
/// }
///
/// assert_eq!(Smart::NAMES, ["passed", "failed"]);
/// assert_eq!(Smart::named("failed"), Some(Smart::Failed));
/// ```
#[macro_export]
macro_rules! states {
    ($(#[$meta:meta])* $visibility:vis $states:ident { $($state:ident = $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $states {
            $(#[doc = concat!("`", $name, "`")] $state),+
        }

        impl $crate::States for $states {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$state),)+
                    _ => None,
                }
            }

            fn position(self) -> u32 {
                self as u32
            }
        }
    };
}

/// A label's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __label {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident as $name:literal) => {
        $name
    };
}

/// A metric's kind. If no rule matches, the `tables!` has a mistake.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (gauge $($field:ident)?) => {
        $crate::Kind::Gauge
    };
    (counter $field:ident) => {
        $crate::Kind::Counter
    };
    (info) => {
        $crate::Kind::Info
    };
    (state $field:ident : $states:ident ($label:literal)) => {
        $crate::Kind::StateSet { label: $label, states: <$states as $crate::States>::NAMES }
    };
}

/// The type of a metric's field.
#[doc(hidden)]
#[macro_export]
macro_rules! __field {
    () => {
        ::std::option::Option<f64>
    };
    ($states:ident) => {
        $crate::State<$states>
    };
}

/// The value of a metric; one without a field is always 1.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    () => {
        $crate::Value::Number(1.0)
    };
    ($value:expr) => {
        $crate::IntoValue::into_value($value)
    };
}
