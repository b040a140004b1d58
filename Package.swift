// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, knows others: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: others, swiftSettings: settings)
}

func tests(_ name: String, of others: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: others + ["Support"], swiftSettings: settings)
}

// Tests/TidyTests lists the arrows between the rooms again, because SwiftPM does not stop an import that is reached
// only transitively.
let package = Package(
  name: "tuckshop",
  products: [.executable(name: "tuckshop", targets: ["tuckshop"])],
  targets: [
    .target(
      name: "CFastCGI",
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"])],
      linkerSettings: [.linkedLibrary("fcgi")]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev", "libargon2-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    room("Outbound", knows: ["CCurl"]),
    room("Postgres", knows: ["CPostgres"]),
    room("Migrations", knows: ["Postgres"]),
    room("Notation"),
    room("HTTP", knows: ["Notation"]),
    room("FastCGI", knows: ["CFastCGI", "HTTP"]),
    room("Telemetry", knows: ["Notation"]),
    room("Tokens", knows: ["CCrypto", "Notation"]),
    room("Audit", knows: ["Notation", "Postgres"]),
    room("Identity", knows: ["Audit", "Notation", "Outbound", "Postgres", "Tokens"]),
    room("Ledger", knows: ["Audit", "Postgres"]),
    room("Shop", knows: ["Audit", "Ledger", "Postgres"]),
    room(
      "API",
      knows: ["Audit", "HTTP", "Identity", "Ledger", "Notation", "Postgres", "Shop", "Telemetry", "Tokens"]),
    .executableTarget(
      name: "tuckshop",
      dependencies: [
        "API", "Audit", "FastCGI", "Identity", "Ledger", "Migrations", "Notation", "Outbound", "Postgres", "Shop",
        "Telemetry", "Tokens",
      ],
      swiftSettings: settings),

    .target(
      name: "Support", dependencies: ["HTTP", "Postgres", "Tokens"],
      path: "Tests/Support", swiftSettings: settings),
    // A worker for the tests of FastCGI: it repeats what it received, or answers for as long as a test tells it to.
    .executableTarget(
      name: "EchoWorker", dependencies: ["FastCGI", "HTTP"], path: "Tests/EchoWorker", swiftSettings: settings),
    .executableTarget(name: "Verdict", path: "Tests/Verdict", swiftSettings: settings),
    .executableTarget(
      name: "Bench", dependencies: ["Identity", "Postgres", "Support", "Tokens"], path: "Bench",
      exclude: ["inventory", "ledger", "peers"],
      swiftSettings: settings),
    tests("PostgresTests", of: ["Postgres"]),
    tests("MigrationsTests", of: ["Migrations", "Postgres"]),
    tests("NotationTests", of: ["Notation"]),
    tests("HTTPTests", of: ["HTTP", "Notation"]),
    tests("FastCGITests", of: ["FastCGI", "HTTP", "CFastCGI", "EchoWorker"]),
    tests("TelemetryTests", of: ["Notation", "Telemetry"]),
    tests("TokensTests", of: ["Tokens"]),
    tests("OutboundTests", of: ["CCurl", "Outbound"]),
    tests("IdentityTests", of: ["Audit", "Identity", "Notation", "Outbound", "Postgres", "Tokens"]),
    tests("LedgerTests", of: ["Audit", "Ledger", "Postgres", "Shop"]),
    tests("ShopTests", of: ["Audit", "Ledger", "Postgres", "Shop"]),
    tests(
      "APITests",
      of: [
        "API", "Audit", "HTTP", "Identity", "Ledger", "Notation", "Outbound", "Postgres", "Shop", "Telemetry", "Tokens",
      ]),
    tests("EndToEndTests", of: ["FastCGI", "Postgres", "Tokens", "tuckshop"]),
    tests("BenchTests", of: ["Bench"]),
    tests("TidyTests", of: []),
  ],
  swiftLanguageModes: [.v6])
