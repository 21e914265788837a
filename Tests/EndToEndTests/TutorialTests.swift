import Support
import Testing

/// The tutorial works word for word.
@Suite struct FollowingTheTutorial {
    /// What a reader types, and sees.
    private struct Step {
        var command: String
        var output: [String] = []
    }

    @Test func `every command answers as it is shown`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let page = try #require(readFile("\(Programs.root)/docs/tutorial/first-app.md"))
            .replacing("3000", with: "\(freePort())")
        let program = try #require(fences(of: "js", in: page).first)
        site.file("server.js", program.joined(separator: "\n"))
        let steps = steps(of: page)
        #expect(steps.count > 15)
        for step in steps {
            let shell = site.command("/bin/bash", ["-c", step.command])
            let finished = try shell.run(within: .seconds(60))
            let shown = finished.output.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
            let lines = shown.last == "" ? Array(shown.dropLast()) : shown
            #expect(lines.map(shape) == step.output.map(shape), "\(step.command)\n\(finished)")
        }
        #expect(site.own.isEmpty && site.living.isEmpty)
    }

    /// Times, numbers of processes and sizes differ each time, and with them the width of columns.
    private func shape(_ line: String) -> String {
        line.replacing(#/[0-9]+(\.[0-9]+)?/#, with: "#").replacing(#/ +/#, with: " ")
    }

    private func steps(of page: String) -> [Step] {
        var steps: [Step] = []
        for line in fences(of: "console", in: page).joined() {
            if line.hasPrefix("$ ") {
                steps.append(Step(command: String(line.dropFirst(2))))
            } else if !steps.isEmpty {
                steps[steps.count - 1].output.append(line)
            }
        }
        return steps
    }

    /// The lines of each piece that is marked as being in this language.
    private func fences(of language: String, in page: String) -> [[String]] {
        var fences: [[String]] = []
        var isInside = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if isInside, line == "```" {
                isInside = false
            } else if isInside {
                fences[fences.count - 1].append(String(line))
            } else if line == "```\(language)" {
                isInside = true
                fences.append([])
            }
        }
        return fences
    }
}
