//! The table: a line a figure, with its goal, what was measured and whether that is good enough.

use std::fmt::Write as _;

/// One line.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) goal: String,
    pub(crate) ours: String,
    /// The peer's figure, where it has one.
    pub(crate) peer: Option<String>,
    /// Ours in relation to what the goal speaks of.
    pub(crate) ratio: Option<String>,
    /// `None`: there is no goal, the figure is for orientation.
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

/// `1/41` where ours is the smaller one.
pub(crate) fn fraction(ours: f64, peer: f64) -> String {
    match peer / ours {
        factor if factor >= 10.0 => format!("1/{factor:.0}"),
        factor if factor >= 1.0 => format!("1/{factor:.2}"),
        factor => format!("{:.2}", 1.0 / factor),
    }
}

/// Prints as it goes, so that a run that is broken off was not in vain.
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
