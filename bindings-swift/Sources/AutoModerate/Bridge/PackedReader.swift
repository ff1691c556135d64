import AutoModerateFFI
import Foundation

/// Reads the library's packed values in place. The library and this reader were generated together, which is checked
/// when a client is created, so the reader can't meet unknown bytes.
struct PackedReader {
    private var at: UnsafeRawPointer
    private var texts: [String] = []

    /// Reads `packed` from its beginning. It must outlive the reader.
    init(_ packed: Packed) throws {
        // The address of zero bytes is never read.
        at = UnsafeRawPointer(bitPattern: UInt(try packed.address())) ?? UnsafeRawPointer(bitPattern: 1)!
    }

    @inline(__always)
    private mutating func load<T: BitwiseCopyable>(_: T.Type) -> T {
        defer { at += MemoryLayout<T>.size }
        return at.loadUnaligned(as: T.self)
    }

    private mutating func bytes() -> UnsafeRawBufferPointer {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        defer { at += count }
        return UnsafeRawBufferPointer(start: at, count: count)
    }

    mutating func byte() -> UInt8 { load(UInt8.self) }

    mutating func flag() -> Bool { load(UInt8.self) != 0 }

    mutating func integer() -> Int { Int(clamping: Int64(littleEndian: load(Int64.self))) }

    mutating func number() -> Double { Double(bitPattern: UInt64(littleEndian: load(UInt64.self))) }

    mutating func text() -> String { String(decoding: bytes(), as: UTF8.self) }

    mutating func data() -> Data { Data(bytes()) }

    mutating func date() -> Date { Date(timeIntervalSince1970: number()) }

    mutating func readableDate() -> Date? {
        let seconds = number()
        return seconds.isNaN ? nil : Date(timeIntervalSince1970: seconds)
    }

    /// A text that was packed only once: its other occurrences share its memory.
    mutating func shared() -> String {
        let number = Int(byte())
        if number < texts.count { return texts[number] }
        let text = text()
        if number == texts.count { texts.append(text) }
        return text
    }

    mutating func list<T>(_ one: (inout PackedReader) -> T) -> [T] {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        var list: [T] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(one(&self)) }
        return list
    }

    mutating func object() -> [String: JSON] {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        var members: [String: JSON] = [:]
        for _ in 0..<count {
            let name = text()
            members[name] = JSON(&self)
        }
        return members
    }
}

extension Packed {
    /// The single value that is packed.
    func value<T>(_ read: (inout PackedReader) -> T) throws -> T {
        try withExtendedLifetime(self) {
            var reader = try PackedReader(self)
            return read(&reader)
        }
    }

    /// The events that are packed.
    func events() throws -> [Event] {
        try withExtendedLifetime(self) {
            let count = Int(try self.count())
            guard count > 0 else { return [] }
            var reader = try PackedReader(self)
            var events: [Event] = []
            events.reserveCapacity(count)
            for _ in 0..<count { events.append(Event(&reader)) }
            return events
        }
    }
}
