//! The route table, and the layers around every route.

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::routing::{MethodRouter, get, post};

use super::counting::{Counting, count};
use super::refusal::HttpRefusal;
use super::security_headers::SecurityHeaders;
use super::site::Site;
use super::{gate, lifecycle, scraping, service_discovery, status_page};

struct Route {
    path: &'static str,
    /// Its name as the label `handler`.
    handler: &'static str,
    methods: MethodRouter<Site>,
}

/// Every route. Anything else is a 404.
fn table() -> [Route; 7] {
    let route = |path, handler, methods| Route { path, handler, methods };
    [
        route("/metrics", "metrics", get(scraping::metrics)),
        route("/pve", "pve", get(scraping::pve)),
        route("/sd", "sd", get(service_discovery::targets)),
        route("/", "status", get(status_page::page)),
        route("/-/healthy", "healthy", get(lifecycle::healthy)),
        route("/-/ready", "ready", get(lifecycle::ready)),
        route("/-/reload", "reload", post(lifecycle::reload).put(lifecycle::reload)),
    ]
}

/// The routes with their layers, innermost first.
pub(super) fn router(site: Site) -> Router {
    let mut counting = Counting::new(site.app.metrics.clone());
    let headers = SecurityHeaders::new(status_page::STYLE, site.web.clone());
    let mut router = Router::new();
    for Route { path, handler, methods } in table() {
        counting.name(path, handler);
        router = router.route(path, methods);
    }
    router
        .fallback(async || HttpRefusal::NotFound)
        .method_not_allowed_fallback(async || HttpRefusal::MethodNotAllowed)
        .layer(from_fn_with_state(site.clone(), gate::admit))
        .layer(map_response_with_state(headers, SecurityHeaders::set))
        // Outermost: whatever a layer below it responds is counted too.
        .layer(from_fn_with_state(counting, count))
        .with_state(site)
}
