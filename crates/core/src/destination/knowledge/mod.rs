//! What is known of destinations before any data: platform services, dynamic DNS, public resolvers, and
//! ports that belong to a service. Knowledge with sources, shown as such in findings; never a hidden
//! allow-list.

mod platform;
mod providers;

pub use platform::{PlatformService, is_platform_domain, is_push_port, platform_service};
pub use providers::{is_cloud_api, is_dynamic_dns, is_public_resolver, is_usual_port, is_widely_used};
