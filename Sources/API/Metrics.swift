internal import HTTP
internal import Telemetry

func metrics(_ request: Request, _ context: Context) -> Response {
  .text(context.memory.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
}
