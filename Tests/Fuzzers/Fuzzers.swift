// Every reader of input from outside, each under libFuzzer. bin/fuzz builds and runs them. A fuzzer fails by crashing:
// on a Swift trap, on a finding of the address sanitizer, or on its own precondition.

internal import Glibc

/// The fuzzers by the names that bin/fuzz uses. The seeds are in corpus/NAME.
private let fuzzers: [String: @Sendable ([UInt8]) -> Void] = [
  "json": fuzzJSON, "csv": fuzzCSV, "token": fuzzToken, "credentials": fuzzCredentials, "telegram": fuzzTelegram,
  "path": fuzzPath, "query": fuzzQuery, "parameters": fuzzParameters,
]

private let chosen: @Sendable ([UInt8]) -> Void = {
  guard let name = getenv("TUCKSHOP_FUZZER").map({ String(cString: $0) }), let fuzzer = fuzzers[name] else {
    fatalError("TUCKSHOP_FUZZER is none of \(fuzzers.keys.sorted().joined(separator: ", "))")
  }
  return fuzzer
}()

@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  chosen(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// A precondition that prints its message in an optimised build as well.
func expect(_ holds: Bool, _ complaint: String) {
  if !holds { fatalError(complaint) }
}

/// Text from outside. Bytes that are not UTF-8 were refused earlier.
func text(_ bytes: some Sequence<UInt8>) -> String? { String(validating: Array(bytes), as: UTF8.self) }
