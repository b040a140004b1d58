extension Request {
  /// The fields of a form's body; nil if the body is something else.
  package var form: Query? {
    guard headers.begins("Content-Type", with: "application/x-www-form-urlencoded"),
      let text = String(validating: body, as: UTF8.self)
    else { return nil }
    return Query(text[...])
  }
}
