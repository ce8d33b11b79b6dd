//! The HTTP side: the real binary, asked as browsers, scrapers and attackers ask.

mod stack;
mod support;
