// A doubly linked list through the slots of a table; the links live in the entries.
#pragma once

#include <cstdint>

namespace k8sentry::internal {

struct SlotLink {
  std::uint32_t previous = 0xFFFFFFFF;
  std::uint32_t next = 0xFFFFFFFF;
};

// `kLink` is the member of the entry that this list uses.
template <typename Entry, SlotLink Entry::*kLink>
class SlotList {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  bool empty() const { return head_ == kNone; }
  std::uint32_t front() const { return head_; }
  static std::uint32_t Next(const Entry& entry) { return (entry.*kLink).next; }

  template <typename Table>
  void PushBack(Table& table, std::uint32_t slot) {
    (table[slot].*kLink) = {tail_, kNone};
    (tail_ == kNone ? head_ : (table[tail_].*kLink).next) = slot;
    tail_ = slot;
  }

  template <typename Table>
  void Remove(Table& table, std::uint32_t slot) {
    const SlotLink link = table[slot].*kLink;
    (link.previous == kNone ? head_ : (table[link.previous].*kLink).next) = link.next;
    (link.next == kNone ? tail_ : (table[link.next].*kLink).previous) = link.previous;
  }

  template <typename Table>
  void MoveToBack(Table& table, std::uint32_t slot) {
    if (tail_ == slot) return;
    Remove(table, slot);
    PushBack(table, slot);
  }

 private:
  std::uint32_t head_ = kNone;
  std::uint32_t tail_ = kNone;
};

}  // namespace k8sentry::internal
