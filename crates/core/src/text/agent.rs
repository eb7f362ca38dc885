//! User agents, cut to what names the program.

/// The family of a user agent: its first product token without the version (`okhttp/4.9.0` is `okhttp`), at most
/// 64 bytes.
pub fn user_agent_family(agent: &str) -> &str {
    let token = agent.trim_start().split(['/', ' ', ';', '(']).next().unwrap_or_default();
    let mut end = token.len().min(64);
    while !token.is_char_boundary(end) {
        end -= 1;
    }
    token.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::user_agent_family;

    #[test]
    fn the_family_is_the_first_product() {
        assert_eq!(user_agent_family("okhttp/4.9.0"), "okhttp");
        assert_eq!(user_agent_family("Mozilla/5.0 (Linux; Android 14)"), "Mozilla");
        assert_eq!(user_agent_family(""), "");
    }
}
