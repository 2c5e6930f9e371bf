package front

import (
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// span begins the trace span of a request, which end completes. It says what the log says and no more: paths,
// queries and headers, the caller's tracestate among them, may hold what must not leave.
func span(r *http.Request, w *response) (traced *http.Request, end func()) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx = trace.ContextWithRemoteSpanContext(ctx, trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{}))
	ctx, s := otel.Tracer("pasarela/front").Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	traced = r.WithContext(ctx)
	return traced, func() {
		s.SetName(method(traced) + " " + route(traced))
		s.SetAttributes(attribute.String("http.request.method", method(traced)), attribute.String("http.route", route(traced)),
			attribute.Int("http.response.status_code", max(w.status, http.StatusOK)))
		s.End()
	}
}
