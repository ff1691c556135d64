// Smoke test of the generated Kotlin binding: a client follows and leaves a project, refusals are reported, and panics
// don't crash the process.

import automoderate.ffi.*
import kotlinx.coroutines.*

/// Returns default options. The library substitutes its defaults for null.
fun defaultOptions(url: String, key: String) = NativeOptions(
    url = url, fallbackUrls = emptyList(), apiKey = key, apiKeyVia = null, session = null, email = null, password = null, transports = null,
    reconnect = null, retryFirstConnect = null, onServerDisconnect = null, connectTimeout = null, joinTimeout = null,
    ackTimeout = null, requestTimeout = null, heartbeatInterval = null, eventBuffer = null, overflow = null, rateLimit = null,
    backfill = null, reviewPoll = null, headers = emptyList(), query = emptyList(), proxy = null, extraCa = emptyList(),
    clientCertificate = null, dangerAcceptInvalidCerts = null,
)

/// Returns the error code of a call that must fail.
suspend fun expectedErrorCode(call: suspend () -> Unit): String = try {
    call()
    error("the call did not fail")
} catch (error: NativeException.Failed) {
    error.errorChain.first().code
} catch (error: NativeException.Cancelled) {
    "cancelled"
}

/// Waits for events and returns each event as JSON. Returns an empty list at the end of the stream.
suspend fun nextEvents(stream: NativeStream): List<String> {
    while (true) {
        val events = stream.takeJson(100u)
        if (events.isNotEmpty() || !stream.readable(Cancellation())) return events
    }
}

fun main(arguments: Array<String>) = runBlocking {
    val (url, projectId, key) = arguments
    val client = NativeClient(defaultOptions(url, key), false)
    client.connect(Cancellation())
    check(client.state().state == "connected")
    val project = client.join(projectId, null, Cancellation())
    val stream = project.events("moderation_update")
    client.moderate("text", "from Kotlin", null, "from-kotlin", Cancellation())
    val event = nextEvents(stream).first()
    check("from Kotlin" in event && "\"event\":\"moderation_update\"" in event) { event }
    check(project.cursor() != null)

    // A wait can be cancelled from another coroutine.
    val cancellation = Cancellation()
    val waiting = async { expectedErrorCode { stream.readable(cancellation) } }
    delay(20)
    cancellation.cancel()
    check(waiting.await() == "cancelled")

    check(expectedErrorCode { client.join("11111111-1111-1111-1111-111111111111", null, Cancellation()) } in
        listOf("access_denied", "project_not_found"))
    check(expectedErrorCode { NativeClient(defaultOptions(url, "am_wrong"), false).connect(Cancellation()) } == "authentication_failed")
    check(expectedErrorCode { NativeClient(defaultOptions("nowhere", key), false) } == "invalid_argument")
    for (panic in listOf<() -> Unit>({ failOnPurpose(true) }, { runBlocking { failOnPurposeAsync(true) } })) {
        try {
            panic()
            error("the call did not fail")
        } catch (fault: InternalException) {
            check("panicked on purpose" in fault.message!!)
        }
    }

    project.leave(Cancellation())
    check(nextEvents(stream).isEmpty())
    client.close(Cancellation())
    check(client.state().state == "closed")
    println("the Kotlin smoke test passed")
}
