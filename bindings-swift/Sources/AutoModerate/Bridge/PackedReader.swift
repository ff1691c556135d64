import AutoModerateFFI
import Foundation

/// Reader of values that the library has packed. The reader reads the bytes in place, without validation: when a client
/// is created, a comparison of fingerprints ensures that the library and the reader use the same format.
struct PackedReader {
    private var position: UnsafeRawPointer
    private var texts: [String] = []

    /// Creates a reader at the beginning of `packed`, which must outlive the reader.
    init(_ packed: PackedValues) throws {
        // If the address is 0, there are no bytes, so nothing is read from the placeholder address 1.
        position = UnsafeRawPointer(bitPattern: UInt(try packed.address())) ?? UnsafeRawPointer(bitPattern: 1)!
    }

    @inline(__always)
    private mutating func load<T: BitwiseCopyable>(_: T.Type) -> T {
        defer { position += MemoryLayout<T>.size }
        return position.loadUnaligned(as: T.self)
    }

    private mutating func readBytes() -> UnsafeRawBufferPointer {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        defer { position += count }
        return UnsafeRawBufferPointer(start: position, count: count)
    }

    mutating func readByte() -> UInt8 { load(UInt8.self) }

    mutating func readFlag() -> Bool { load(UInt8.self) != 0 }

    mutating func readInteger() -> Int { Int(clamping: Int64(littleEndian: load(Int64.self))) }

    mutating func readNumber() -> Double { Double(bitPattern: UInt64(littleEndian: load(UInt64.self))) }

    mutating func readText() -> String { String(decoding: readBytes(), as: UTF8.self) }

    mutating func readData() -> Data { Data(readBytes()) }

    mutating func readDate() -> Date { Date(timeIntervalSince1970: readNumber()) }

    mutating func readOptionalDate() -> Date? {
        let seconds = readNumber()
        return seconds.isNaN ? nil : Date(timeIntervalSince1970: seconds)
    }

    /// Reads a string that may recur in the batch. An occurrence that is packed only as a number shares the memory of
    /// the first occurrence.
    mutating func readSharedText() -> String {
        let number = Int(readByte())
        if number < texts.count { return texts[number] }
        let text = readText()
        if number == texts.count { texts.append(text) }
        return text
    }

    mutating func readList<T>(_ one: (inout PackedReader) -> T) -> [T] {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        var list: [T] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(one(&self)) }
        return list
    }

    mutating func readObject() -> [String: JSON] {
        let count = Int(UInt32(littleEndian: load(UInt32.self)))
        var members: [String: JSON] = [:]
        for _ in 0..<count {
            let name = readText()
            members[name] = JSON(&self)
        }
        return members
    }
}

extension PackedValues {
    /// Unpacks a single value.
    func unpack<T>(_ read: (inout PackedReader) -> T) throws -> T {
        try withExtendedLifetime(self) {
            var reader = try PackedReader(self)
            return read(&reader)
        }
    }

    /// Unpacks a batch of events.
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
