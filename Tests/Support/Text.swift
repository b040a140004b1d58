package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// A JSON object whose values are written as given. A change replaces a member or adds it, and nil leaves it out.
package func jsonObject(_ members: [(String, String)], _ changes: KeyValuePairs<String, String?>) -> String {
  var members = members
  for (name, value) in changes {
    members.removeAll { $0.0.utf8.elementsEqual(name.utf8) }
    if let value { members.append((name, value)) }
  }
  return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
}
