// Moderation feed in SwiftUI, for iOS 17. In Xcode, create an app, replace the app's main file with this file, and add
// this package.

import AutoModerate
import SwiftUI

@main
struct FeedApp: App {
    @AppStorage("url") private var url = "http://localhost:6217"
    @AppStorage("project") private var project = ""
    /// Cursor, stored between launches so that the feed resumes where it stopped. A real app should also store the API
    /// key, in the keychain.
    @AppStorage("cursor") private var cursor = ""
    @State private var key = ""

    var body: some Scene {
        WindowGroup {
            if key.isEmpty || project.isEmpty {
                Form {
                    TextField("Server", text: $url)
                    TextField("Project", text: $project)
                    SecureField("API key", text: $key)
                }
            } else {
                Feed(
                    model: ProjectModel(
                        url, .init(apiKey: key), project: project, after: cursor.isEmpty ? nil : cursor),
                    cursor: $cursor)
            }
        }
    }
}

struct Feed: View {
    @State var model: ProjectModel
    @Binding var cursor: String
    @Environment(\.scenePhase) private var phase

    var body: some View {
        NavigationStack {
            List {
                if let counters = model.statistics {
                    LabeledContent("Decided", value: counters.totalContent, format: .number)
                }
                if model.isIncomplete {
                    Label("Some events are missing", systemImage: "exclamationmark.triangle")
                }
                ForEach(model.updates, id: \.meta.cursor) { update in
                    VStack(alignment: .leading) {
                        Text(update.contentPreview)
                        Text("\(update.status) · \(update.ruleName ?? "no rule")").foregroundStyle(.secondary)
                    }
                }
            }
            .navigationTitle(model.state.name)
            .alert("The feed has ended", isPresented: .constant(model.error != nil)) {
            } message: {
                Text(model.error?.message ?? "")
            }
        }
        // When the app enters the background, the task is cancelled and the connection is closed. When the app returns,
        // a server with an event log replays missed events.
        .task(id: phase == .background) {
            if phase != .background { await model.run() }
        }
        .onChange(of: model.cursor) { cursor = model.cursor ?? "" }
    }
}
