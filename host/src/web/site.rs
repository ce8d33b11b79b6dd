//! What handlers and layers share.

use std::sync::Arc;

use axum::extract::FromRef;

use super::listening::Listener;
use super::rendering::Renderer;
use super::web_config::LiveWebConfig;
use crate::app::App;
use crate::budget::ByteBudget;
use crate::config::WebFlags;
use crate::reload::ReloadHandle;

#[derive(Debug, Clone)]
pub struct Site {
    pub(super) app: Arc<App>,
    pub(super) reload: ReloadHandle,
    pub(super) web: Arc<LiveWebConfig>,
    pub(super) renderer: Arc<Renderer>,
    /// Whether requests may reload; `None`: if none can come from elsewhere without authentication.
    lifecycle: Option<bool>,
    /// Whether only this machine can connect.
    local: bool,
}

impl Site {
    pub fn new(
        app: Arc<App>,
        reload: ReloadHandle,
        web: LiveWebConfig,
        responses: Arc<ByteBudget>,
        flags: &WebFlags,
        listeners: &[Listener],
    ) -> Self {
        let renderer = Renderer::new(Arc::clone(&app.metrics), responses);
        Self {
            app,
            reload,
            web: Arc::new(web),
            renderer: Arc::new(renderer),
            lifecycle: flags.lifecycle(),
            local: listeners.iter().all(Listener::is_local),
        }
    }

    pub(super) fn lifecycle_enabled(&self) -> bool {
        self.lifecycle.unwrap_or_else(|| self.local || self.web.current().authenticates())
    }
}

impl FromRef<Site> for Arc<App> {
    fn from_ref(site: &Site) -> Self {
        Self::clone(&site.app)
    }
}

impl FromRef<Site> for Arc<Renderer> {
    fn from_ref(site: &Site) -> Self {
        Self::clone(&site.renderer)
    }
}
