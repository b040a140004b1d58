import Bench
import Support
import Testing

@Suite(.tiers(.unit))
struct BarGraphTests {
  private func svg(_ bars: BarGraph.Bar...) -> String {
    BarGraph(
      title: "Requests", caption: "today", groups: [BarGraph.Group(name: "mixed", bars: bars)]
    ).svg
  }

  private func widths(_ svg: String) -> [Double] {
    svg.matches(of: /<rect x="[0-9]+" y="[0-9]+" width="([0-9.]+)"/).compactMap { Double($0.1) }
  }

  @Test func `a bar is as long as its value, on one scale for all groups`() throws {
    let bar = BarGraph.Bar(name: "half", value: 500, least: 400, most: 600)
    let whole = BarGraph.Bar(name: "whole", value: 1000, least: 1000, most: 1000, isOurs: true)
    let graph = BarGraph(
      title: "Requests", caption: "today",
      groups: [BarGraph.Group(name: "info", bars: [bar]), BarGraph.Group(name: "send", bars: [whole])])
    let lengths = widths(graph.svg)
    #expect(lengths.count == 2)
    #expect(lengths.first.map { $0 * 2 } == lengths.last)
  }

  @Test func `the line on a bar goes from the least to the greatest value`() throws {
    let drawn = svg(BarGraph.Bar(name: "one", value: 500, least: 250, most: 1000))
    let line = try #require(drawn.firstMatch(of: /<path d="M([0-9.]+) [0-9]+H([0-9.]+)"/))
    let (from, to) = try (#require(Double(line.1)), #require(Double(line.2)))
    let width = try #require(widths(drawn).first)
    // The bar begins at 260.
    #expect((from - 260) * 2 == width)
    #expect(to - 260 == width * 2)
  }

  @Test func `a graph without a value has bars without length`() {
    #expect(widths(svg(BarGraph.Bar(name: "none", value: 0, least: 0, most: 0))) == [0])
  }

  @Test func `a name cannot end its element`() {
    let drawn = svg(BarGraph.Bar(name: "</text><b> & co", value: 1, least: 1, most: 1))
    #expect(drawn.contains(">&lt;/text&gt;&lt;b&gt; &amp; co</text>"))
  }
}
