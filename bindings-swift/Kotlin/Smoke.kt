// A smoke test of the generated Kotlin: it follows, refuses and leaves a server, and no fault ends the process.

import automoderate.ffi.*
import kotlinx.coroutines.*

/// The options with their defaults: the library replaces null.
fun options(url: String, key: String) = NativeOptions(
    url = url, fallbackUrls = emptyList(), apiKey = key, apiKeyVia = null, session = null, email = null, password = null, transports = null,
    reconnect = null, retryFirstConnect = null, onServerDisconnect = null, connectTimeout = null, joinTimeout = null,
    ackTimeout = null, requestTimeout = null, heartbeatInterval = null, eventBuffer = null, overflow = null, rateLimit = null,
    backfill = null, reviewPoll = null, headers = emptyList(), query = emptyList(), proxy = null, extraCa = emptyList(),
    clientCertificate = null, dangerAcceptInvalidCerts = null,
)

/// The code of the error that a call must end with.
suspend fun failure(call: suspend () -> Unit): String = try {
    call()
    error("it did not fail")
} catch (error: NativeException.Failed) {
    error.faults.first().code
} catch (error: NativeException.Cancelled) {
    "cancelled"
}

/// Waits for the next events, each as JSON.
suspend fun next(stream: NativeStream): List<String> {
    while (true) {
        val events = stream.takeJson(100u)
        if (events.isNotEmpty() || !stream.readable(Cancellation())) return events
    }
}

fun main(arguments: Array<String>) = runBlocking {
    val (url, projectId, key) = arguments
    val client = NativeClient(options(url, key), false)
    client.connect(Cancellation())
    check(client.state().state == "connected")
    val project = client.join(projectId, null, Cancellation())
    val stream = project.events("moderation_update")
    client.moderate("text", "from Kotlin", null, "from-kotlin", Cancellation())
    val event = next(stream).first()
    check("from Kotlin" in event && "\"event\":\"moderation_update\"" in event) { event }
    check(project.cursor() != null)

    // Another coroutine ends a wait.
    val cancellation = Cancellation()
    val waiting = async { failure { stream.readable(cancellation) } }
    delay(20)
    cancellation.cancel()
    check(waiting.await() == "cancelled")

    check(failure { client.join("11111111-1111-1111-1111-111111111111", null, Cancellation()) } in
        listOf("access_denied", "project_not_found"))
    check(failure { NativeClient(options(url, "am_wrong"), false).connect(Cancellation()) } == "authentication_failed")
    check(failure { NativeClient(options("nowhere", key), false) } == "invalid_argument")
    for (panic in listOf<() -> Unit>({ failOnPurpose(true) }, { runBlocking { failOnPurposeLater(true) } })) {
        try {
            panic()
            error("it did not fail")
        } catch (fault: InternalException) {
            check("panicked on purpose" in fault.message!!)
        }
    }

    project.leave(Cancellation())
    check(next(stream).isEmpty())
    client.close(Cancellation())
    check(client.state().state == "closed")
    println("Kotlin: everything as it should be")
}
