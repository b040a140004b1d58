/// Horizontal bars in groups, as SVG. The thin line on a bar goes from the least to the greatest value that was seen.
package struct BarGraph {
  package struct Bar {
    let name: String
    let value: Double
    let least: Double
    let most: Double
    let isOurs: Bool

    package init(name: String, value: Double, least: Double, most: Double, isOurs: Bool = false) {
      (self.name, self.value, self.least, self.most, self.isOurs) = (name, value, least, most, isOurs)
    }
  }

  package struct Group {
    let name: String
    let bars: [Bar]

    package init(name: String, bars: [Bar]) { (self.name, self.bars) = (name, bars) }
  }

  private let title: String
  private let caption: String
  private let groups: [Group]

  /// In pixels: a bar begins behind the names, and the longest one leaves room for its value.
  private static let (width, left, right, row, gap, top) = (760, 260, 70, 20, 34, 66)

  package init(title: String, caption: String, groups: [Group]) {
    (self.title, self.caption, self.groups) = (title, caption, groups)
  }

  package var svg: String {
    let greatest = groups.flatMap(\.bars).map { max($0.value, $0.most) }.max() ?? 0
    let scale = greatest > 0 ? Double(Self.width - Self.left - Self.right) / greatest : 0
    var y = Self.top
    var drawn = ""
    for group in groups {
      drawn += label(group.name, x: 12, y: y, style: "font-weight=\"bold\"")
      y += 8
      for bar in group.bars {
        drawn += draw(bar, y: y, scale: scale)
        y += Self.row
      }
      y += Self.gap
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(y)" font-family="sans-serif" font-size="12">
      <rect width="\(Self.width)" height="\(y)" fill="#fff"/>
      \(label(title, x: 12, y: 24, style: "font-size=\"16\" font-weight=\"bold\""))\
      \(label(caption, x: 12, y: 42, style: "fill=\"#555\" font-size=\"10\""))\(drawn)</svg>

      """
  }

  private func draw(_ bar: Bar, y: Int, scale: Double) -> String {
    func length(_ value: Double) -> String { text(value * scale, 1) }
    func x(_ value: Double) -> String { text(Double(Self.left) + value * scale, 1) }
    let middle = y + Self.row / 2
    return label(bar.name, x: Self.left - 8, y: middle + 4, style: "text-anchor=\"end\"")
      + "<rect x=\"\(Self.left)\" y=\"\(y + 3)\" width=\"\(length(bar.value))\" height=\"\(Self.row - 6)\" "
      + "fill=\"\(bar.isOurs ? "#c2410c" : "#94a3b8")\"/>\n"
      + "<path d=\"M\(x(bar.least)) \(middle)H\(x(bar.most))\" stroke=\"#111\"/>\n"
      + "<text x=\"\(text(Double(Self.left) + max(bar.value, bar.most) * scale + 6, 1))\" y=\"\(middle + 4)\">"
      + "\(text(bar.value, 0))</text>\n"
  }

  private func label(_ words: String, x: Int, y: Int, style: String) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" \(style)>\(escaped(words))</text>\n"
  }

  private func escaped(_ words: String) -> String {
    words.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
