//! What handlers and layers share.

use std::sync::Arc;

use axum::extract::FromRef;

use crate::app::App;
use crate::reload::ReloadHandle;

#[derive(Debug, Clone)]
pub struct Site {
    pub app: Arc<App>,
    pub reload: ReloadHandle,
}

impl FromRef<Site> for Arc<App> {
    fn from_ref(site: &Site) -> Self {
        Self::clone(&site.app)
    }
}

impl FromRef<Site> for ReloadHandle {
    fn from_ref(site: &Site) -> Self {
        site.reload.clone()
    }
}
