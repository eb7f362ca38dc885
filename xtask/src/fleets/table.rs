//! Markdown tables on standard output.

/// Prints a table.
pub(super) fn table(title: &str, heads: &[&str], rows: &[Vec<String>]) {
    crate::print(&format!("\n### {title}\n"));
    crate::print(&format!("| {} |", heads.join(" | ")));
    crate::print(&format!("|{}", "---|".repeat(heads.len())));
    for row in rows {
        crate::print(&format!("| {} |", row.join(" | ")));
    }
}

/// A share with how many it is of.
pub(super) fn share(hits: usize, of: usize) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.2} ({hits}/{of})", hits as f64 / of as f64) }
}

/// Hits in 1,000 with an exact 95 % Poisson interval (Garwood 1936, by Wilson and Hilferty's cube).
pub(super) fn per_1000(hits: usize, of: u64) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    let scale = 1000.0 / of as f64;
    let (n, z) = (hits as f64, 1.96);
    let cube = |count: f64, sign: f64| {
        if count <= 0.0 {
            return 0.0;
        }
        count * (1.0 - 1.0 / (9.0 * count) + sign * z / (3.0 * count.sqrt())).powi(3).max(0.0)
    };
    format!("{:.2} ({:.2} to {:.2})", n * scale, cube(n, -1.0) * scale, cube(n + 1.0, 1.0) * scale)
}
