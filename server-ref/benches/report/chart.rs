//! Draws line charts, one below the other.

use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

const WIDTH: u32 = 760;
const HEIGHT: u32 = 260;
/// Colours that people with colour blindness can tell apart.
const COLOURS: [RGBColor; 5] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167), RGBColor(90, 90, 90)];

/// A line chart whose y axis starts at 0.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x_label: &'static str,
    pub(crate) y_label: &'static str,
    /// Makes the x axis logarithmic.
    pub(crate) log_x: bool,
    /// Names and points.
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
}

impl Chart {
    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.lines.iter().flat_map(|(_, points)| points)
    }
}

pub(super) fn draw_charts(path: &Path, charts: &[Chart]) {
    let root = SVGBackend::new(path, (WIDTH, HEIGHT * u32::try_from(charts.len()).unwrap())).into_drawing_area();
    root.fill(&WHITE).unwrap();
    for (area, chart) in root.split_evenly((charts.len(), 1)).iter().zip(charts) {
        let range = |of: fn(&(f64, f64)) -> f64| {
            chart.points().map(of).fold((f64::MAX, f64::MIN), |(least, most), at| (least.min(at), most.max(at)))
        };
        let ((least, most), (_, top)) = (range(|point| point.0), range(|point| point.1));
        // Leaves room for the legend above the lines.
        let top = top * 1.4;
        if chart.log_x {
            draw_chart(area, chart, (least..most).log_scale(), top);
        } else {
            draw_chart(area, chart, least..most, top);
        }
    }
    root.present().unwrap();
}

fn draw_chart<X>(area: &DrawingArea<SVGBackend, plotters::coord::Shift>, chart: &Chart, x: X, top: f64)
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
{
    let mut context = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 15))
        .margin(8)
        // The right half of the x axis's last label extends beyond the axis.
        .margin_right(28)
        .x_label_area_size(34)
        .y_label_area_size(56)
        .build_cartesian_2d(x, 0.0..top)
        .unwrap();
    let mut mesh = context.configure_mesh();
    mesh.x_desc(chart.x_label).y_desc(chart.y_label).light_line_style(WHITE).max_light_lines(1);
    mesh.x_label_formatter(&format_number).y_label_formatter(&format_number).draw().unwrap();
    for ((name, points), colour) in chart.lines.iter().zip(COLOURS.iter().cycle()) {
        // Draws a dot at each measurement, unless the line has many points.
        let dots = if points.len() < 30 { 3 } else { 0 };
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(dots);
        let series = context.draw_series(line).unwrap().label(name);
        series.legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    let mut legend = context.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8)).draw().unwrap();
}

/// Formats a number, with a suffix if it is large: 10000 as 10k.
fn format_number(value: &f64) -> String {
    match *value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e4 => format!("{}k", value / 1e3),
        value => format!("{}", (value * 1e3).round() / 1e3),
    }
}

/// Returns the number of values in each bin as the points of a step line.
pub(crate) fn histogram(values: &[f64], bin: f64, maximum: f64) -> Vec<(f64, f64)> {
    let mut counts = vec![0_u32; (maximum / bin).ceil() as usize];
    for value in values {
        if let Some(count) = counts.get_mut((value / bin) as usize) {
            *count += 1;
        }
    }
    let step =
        |(n, count): (usize, u32)| [(n as f64 * bin, f64::from(count)), ((n + 1) as f64 * bin, f64::from(count))];
    counts.into_iter().enumerate().flat_map(step).collect()
}
