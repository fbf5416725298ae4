#include "base/slot_index.h"

#include <map>
#include <random>

#include "base/hash.h"
#include "base/slot_list.h"

namespace k8sentry::internal {
namespace {

TEST(SlotIndex, AgreesWithAMapOnRandomOperations) {
  std::mt19937_64 random(1);
  // Homes close to the end of the table, so that runs of cells wrap around.
  const auto hash_of = [](std::uint64_t key) {
    return (key % 5 == 0 ? 0xFFFFFFFFull - key % 3 : key * 0x9E3779B97F4A7C15ull >> 32)
           << 32;
  };
  SlotIndex index;
  std::map<std::uint64_t, std::uint32_t> model;
  std::vector<std::uint64_t> key_of(500);
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t key = random() % 500;
    const auto found = index.Find(
        hash_of(key), [&](std::uint32_t slot) { return key_of[slot] == key; });
    const auto expected = model.find(key);
    ASSERT_EQ(found, expected == model.end() ? SlotIndex::kNone : expected->second);
    if (expected == model.end()) {
      const auto slot = static_cast<std::uint32_t>(key);
      key_of[slot] = key;
      index.Insert(hash_of(key), slot);
      model[key] = slot;
    } else if (random() % 2) {
      index.Erase(hash_of(key), expected->second);
      model.erase(expected);
    }
    ASSERT_EQ(index.size(), model.size());
  }
}

TEST(SlotList, KeepsTheOrderOfInsertion) {
  struct Entry {
    SlotLink link;
  };
  std::vector<Entry> table(4);
  SlotList<Entry, &Entry::link> list;
  const auto order = [&] {
    std::vector<std::uint32_t> slots;
    for (auto s = list.front(); s != list.kNone; s = list.Next(table[s]))
      slots.push_back(s);
    return slots;
  };
  for (const std::uint32_t slot : {2, 0, 3}) list.PushBack(table, slot);
  EXPECT_THAT(order(), testing::ElementsAre(2, 0, 3));
  list.MoveToBack(table, 2);
  list.MoveToBack(table, 2);
  EXPECT_THAT(order(), testing::ElementsAre(0, 3, 2));
  list.Remove(table, 3);
  EXPECT_THAT(order(), testing::ElementsAre(0, 2));
  list.Remove(table, 2);
  list.Remove(table, 0);
  EXPECT_TRUE(list.empty());
  list.PushBack(table, 1);
  EXPECT_THAT(order(), testing::ElementsAre(1));
}

TEST(Hash, DependsOnEveryByteAndOnBorders) {
  const std::string text(40, 'x');
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_NE(Hash(text.substr(0, n), 1), Hash(text.substr(0, n + 1), 1)) << n;
    for (std::size_t i = 0; i < n; ++i) {
      std::string changed = text.substr(0, n);
      changed[i] = 'y';
      EXPECT_NE(Hash(changed, 1), Hash(text.substr(0, n), 1)) << n << " " << i;
    }
  }
  EXPECT_NE(Hash("b", Hash("a", 1)), Hash("", Hash("ab", 1)));
  EXPECT_NE(Hash("a", 1), Hash("a", 2));
}

}  // namespace
}  // namespace k8sentry::internal
