import Testing
import Wire

@Suite struct Setting {
    @Test func `what holds for all apps is read strictly`() throws {
        func settings(_ text: String) throws(JSONError) -> HomeSettings {
            try HomeSettings(parsing: Array(text.utf8))
        }
        #expect(try settings("{}").controlGroup == nil)
        #expect(try settings("{\"control_group\": \"ops\"}").controlGroup == "ops")
        for wrong in ["", "[]", "{\"control_group\": 7}", "{\"control_groups\": \"ops\"}"] {
            #expect(throws: JSONError.self) { _ = try settings(wrong) }
        }
    }
}
