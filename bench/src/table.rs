//! The table of results: measurement, goal and whether it is met.

use std::fmt::Write as _;

pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) goal: String,
    pub(crate) ours: String,
    /// The peer's result, if it has one.
    pub(crate) peer: Option<String>,
    /// Our result relative to the peer or the goal.
    pub(crate) ratio: Option<String>,
    /// `None` if there is no goal.
    pub(crate) met: Option<bool>,
}

impl Line {
    pub(crate) fn new(what: impl Into<String>, goal: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { what: what.into(), goal: goal.into(), ours: ours.into(), peer: None, ratio: None, met: None }
    }

    pub(crate) fn peer(self, peer: impl Into<String>) -> Self {
        Self { peer: Some(peer.into()), ..self }
    }

    pub(crate) fn ratio(self, ratio: impl Into<String>) -> Self {
        Self { ratio: Some(ratio.into()), ..self }
    }

    pub(crate) fn met(self, met: bool) -> Self {
        Self { met: Some(met), ..self }
    }

    fn markdown(&self) -> String {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        let met = match self.met {
            None => "–",
            Some(true) => "yes",
            Some(false) => "**no**",
        };
        format!(
            "| {} | {} | {} | {} | {} | {met} |",
            self.what,
            self.goal,
            self.ours,
            or_none(&self.peer),
            or_none(&self.ratio)
        )
    }
}

/// Formats the ratio as `1/41` if ours is smaller.
pub(crate) fn fraction(ours: f64, peer: f64) -> String {
    match peer / ours {
        factor if factor >= 10.0 => format!("1/{factor:.0}"),
        factor if factor >= 1.0 => format!("1/{factor:.2}"),
        factor => format!("{:.2}", 1.0 / factor),
    }
}

/// Prints every row at once, so an interrupted run is not lost.
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn new(introduction: &str) -> Self {
        let head =
            format!("{introduction}\n\n| what | goal | measured | peer | ratio | met |\n|---|---|---|---|---|---|");
        println!("{head}");
        Self(head + "\n")
    }

    pub(crate) fn push(&mut self, line: &Line) {
        let line = line.markdown();
        println!("{line}");
        let _ = writeln!(self.0, "{line}");
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}
