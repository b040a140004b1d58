// Everything that reads what a stranger may have written, each under libFuzzer. bin/fuzz builds and runs them.
// A fuzzer fails by crashing: on a trap of Swift's, on what the address sanitizer sees, or on its own precondition.

internal import Glibc

/// By the names that bin/fuzz knows. The seeds lie beside, in corpus/NAME.
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

/// A precondition that says its words in an optimised build as well.
func expect(_ holds: Bool, _ complaint: String) {
  if !holds { fatalError(complaint) }
}

/// Text as it arrives from outside: what is no UTF-8 was refused before.
func text(_ bytes: some Sequence<UInt8>) -> String? { String(validating: Array(bytes), as: UTF8.self) }
