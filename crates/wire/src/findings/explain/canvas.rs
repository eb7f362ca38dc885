//! A canvas of braille dots: two across and four down in each character cell.

/// Bits of the dots of a cell, by row and column (Unicode, block "Braille Patterns", dots 1 to 8).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// The cell without dots.
const BLANK: u32 = 0x2800;

/// Dots in cells.
pub(super) struct Canvas {
    width: usize,
    cells: Vec<Vec<u8>>,
}

impl Canvas {
    /// A canvas of so many character cells.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, cells: vec![vec![0; width]; height] }
    }

    /// Sets the dot at a share of the width from the left and of the height from the bottom, both clamped to 0..=1.
    pub(super) fn dot(&mut self, across: f64, up: f64) {
        let columns = self.width * 2;
        let rows = self.cells.len() * 4;
        let (x, y) = (place(across, columns), rows.saturating_sub(1).saturating_sub(place(up, rows)));
        let bit = DOTS.get(y % 4).and_then(|row| row.get(x % 2)).copied().unwrap_or(0);
        if let Some(cell) = self.cells.get_mut(y / 4).and_then(|row| row.get_mut(x / 2)) {
            *cell |= bit;
        }
    }

    /// The rows, top first.
    pub(super) fn rows(&self) -> Vec<String> {
        let cell = |bits: &u8| match bits {
            0 => ' ',
            bits => char::from_u32(BLANK + u32::from(*bits)).unwrap_or(' '),
        };
        self.cells.iter().map(|row| format!("│{}", row.iter().map(cell).collect::<String>())).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the canvas")]
fn place(share: f64, cells: usize) -> usize {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    ((share * cells as f64) as usize).min(cells.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_where_they_belong() {
        let mut canvas = Canvas::new(2, 1);
        canvas.dot(0.0, 0.0);
        canvas.dot(1.0, 1.0);
        canvas.dot(f64::NAN, -3.0);
        assert_eq!(canvas.rows(), ["│⡀⠈"]);
    }
}
