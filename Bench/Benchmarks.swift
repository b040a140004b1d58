internal import Glibc
internal import Support

/// The benchmarks: real pools behind a real nginx, measured alternately with a baseline. Compare the ratios within one
/// run; figures of two runs or of two machines are not comparable.
@main
enum Benchmarks {
  static func main() {
    do {
      guard let options = try Options(CommandLine.arguments.dropFirst()) else { return say(Options.usage) }
      try measure(options)
    } catch let error as UsageError {
      complain("\(error)\n\(Options.usage)")
      exit(2)
    } catch {
      complain("\(error)")
      exit(1)
    }
  }

  private static func measure(_ options: Options) throws {
    let targets = Targets()
    let kind: (Site, Options, Targets) throws -> Void =
      switch options.kind {
      case .probes: measureProbes
      case .loginStorm: measureLoginStorm
      case .signIns: measureSignIns
      case .shop: measureShop
      case .inventory: measureInventory
      case .field: measureField
      case .ledger: measureLedger
      case .peers: measurePeers
      }
    let signals = blockSignals()
    let site = try Site(options)
    defer { site.end() }
    // Ctrl-C removes the whole site, even while it is being built.
    _ = Thread {
      let signal = wait(for: signals)
      site.end()
      _exit(128 + signal)
    }
    try kind(site, options, targets)
    if options.check && targets.missed > 0 { throw Failure("\(targets.missed) targets are missed.") }
  }
}

private func blockSignals() -> sigset_t {
  var signals = sigset_t()
  sigemptyset(&signals)
  for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
  pthread_sigmask(SIG_BLOCK, &signals, nil)
  return signals
}

private func wait(for signals: sigset_t) -> Int32 {
  var signals = signals
  var signal: Int32 = 0
  sigwait(&signals, &signal)
  return signal
}
