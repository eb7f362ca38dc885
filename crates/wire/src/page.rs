//! What our pages share: text made harmless, a policy that lets nothing in from outside, and charts as inline SVG.
//!
//! Pages are written with `maud`, which escapes by default; charts are strings of numbers and fixed words, put in as
//! they are. Text that an attacker may have chosen goes through [`Said`] (pages) or [`markup`] (charts).

use crate::findings::text::escaped;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::Render;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Text for HTML and SVG, in content or between double quotes: deceptive characters as numbers, markup as
/// entities.
pub(crate) fn markup(text: &str) -> Cow<'_, str> {
    let text = escaped(text);
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Text of unknown origin in a page.
pub(crate) struct Said<T>(pub(crate) T);

impl<T: AsRef<str>> Render for Said<T> {
    fn render_to(&self, out: &mut String) {
        out.push_str(&markup(self.0.as_ref()));
    }
}

/// A content security policy under which only this style and this script apply, and nothing is fetched from anywhere.
/// Both must stand in the page byte for byte, each in one element.
pub(crate) fn policy(style: &str, script: Option<&str>) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let script = script.map_or_else(|| "'none'".to_owned(), hash);
    let style = hash(style);
    format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'")
}

/// Opens a chart of a size in CSS pixels; `title` names it, `about` says in a sentence what it shows.
pub(crate) fn open_svg(class: &str, width: f64, height: f64, title: &str, about: &str) -> String {
    let size = format!(r#"viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}""#);
    let (title, about) = (markup(title), markup(about));
    let desc = if about.is_empty() { String::new() } else { format!("<desc>{about}</desc>") };
    format!(
        "<svg class=\"{class}\" {size} role=\"img\" aria-label=\"{title}\"><title>{title}</title>{desc}\n"
    )
}

/// Adds an element to a chart.
pub(crate) fn add(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(svg, "{element}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            markup("<script>\"a\" & 'b'</script>\u{202e}"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\\u{202e}"
        );
        assert!(matches!(markup("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_policy_names_the_script_by_its_hash() {
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert!(
            policy("", Some("alert(1)")).contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"),
            "{}",
            policy("", Some("alert(1)"))
        );
        assert!(policy("", None).contains("script-src 'none'"));
    }
}
