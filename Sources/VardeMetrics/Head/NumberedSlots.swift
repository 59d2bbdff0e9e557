/// An element for each of some numbers, in pages made where a number is first set: a number from a damaged file costs a page and no
/// more. Numbers nobody has set have `empty`.
struct NumberedSlots<Element: Sendable>: Sendable {
    private static var pageBits: Int { 8 }
    private static var pageSize: Int { 1 << pageBits }
    private static var noPage: UInt32 { .max }

    let empty: Element
    /// Where the page of each stretch of numbers begins in `elements`, in pages.
    private var pages: [UInt32] = []
    private var elements: [Element] = []

    init(empty: Element) {
        self.empty = empty
    }

    /// Whether the number may have been set: all others are `empty`.
    @inline(__always)
    private func place(_ number: Int) -> Int? {
        let page = number >> Self.pageBits
        guard number >= 0, page < pages.count, pages[page] != Self.noPage else { return nil }
        return Int(pages[page]) << Self.pageBits | number & (Self.pageSize - 1)
    }

    subscript(number: Int) -> Element {
        @inline(__always) get { place(number).map { elements[$0] } ?? empty }
        @inline(__always) set {
            if let place = place(number) { elements[place] = newValue } else { add(number, newValue) }
        }
    }

    @inline(never)
    private mutating func add(_ number: Int, _ element: Element) {
        precondition(number >= 0, "numbers begin at 0")
        let page = number >> Self.pageBits
        if page >= pages.count { pages.append(contentsOf: repeatElement(Self.noPage, count: page + 1 - pages.count)) }
        if pages[page] == Self.noPage {
            pages[page] = UInt32(elements.count >> Self.pageBits)
            elements.append(contentsOf: repeatElement(empty, count: Self.pageSize))
        }
        elements[Int(pages[page]) << Self.pageBits | number & (Self.pageSize - 1)] = element
    }

    /// Forgets all numbers.
    mutating func removeAll() {
        pages.removeAll(keepingCapacity: true)
        elements.removeAll(keepingCapacity: true)
    }
}
