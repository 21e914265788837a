internal import Glibc

/// Memory that C may keep a pointer to while this lives.
struct CArray<Element>: ~Copyable {
    let base: UnsafeMutablePointer<Element>

    /// Element is a C struct or a number: nothing to deinitialize.
    init(_ elements: [Element]) {
        base = .allocate(capacity: max(elements.count, 1))
        base.initialize(from: elements, count: elements.count)
    }

    deinit { base.deallocate() }
}

/// A vector of C strings, ended by NULL: what execve(2) takes.
struct CStrings: ~Copyable {
    private let vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let bytes: UnsafeMutablePointer<CChar>
    private let count: Int
    private let spare: Int

    /// Leaves `spare` empty entries in front.
    init(_ strings: [String], spare: Int = 0) {
        count = strings.count
        self.spare = spare
        vector = .allocate(capacity: spare + strings.count + 1)
        vector.initialize(repeating: nil, count: spare + strings.count + 1)
        let sizes = strings.map { $0.utf8.count + 1 }
        bytes = .allocate(capacity: max(1, sizes.reduce(0, +)))
        var start = bytes
        for (index, string) in strings.enumerated() {
            string.withCString { _ = memcpy(start, $0, sizes[index]) }
            vector[spare + index] = start
            start += sizes[index]
        }
    }

    deinit {
        vector.deallocate()
        bytes.deallocate()
    }

    subscript(index: Int) -> UnsafeMutablePointer<CChar>? { index < count ? vector[spare + index] : nil }

    /// `const char *const *`.
    var constant: UnsafePointer<UnsafePointer<CChar>?> {
        UnsafePointer(UnsafeRawPointer(vector).assumingMemoryBound(to: UnsafePointer<CChar>?.self))
    }

    /// `const char **`, spare entries first.
    var writable: UnsafeMutablePointer<UnsafePointer<CChar>?> {
        UnsafeMutableRawPointer(vector).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}
