#include <gmock/gmock.h>

#include "k8sentry/testing/fake_sentry.h"

namespace k8sentry::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kId[] = "9ec79c33ec9942ab8353589fcb2e04dc";

std::string Header() { return "{\"event_id\":\"" + std::string(kId) + "\"}"; }
std::string Event() {
  return "{\"event_id\":\"" + std::string(kId) + "\",\"a\":\"b\"}";
}
std::string EventItem() {
  return "{\"type\":\"event\",\"length\":" + std::to_string(Event().size()) + "}\n" +
         Event();
}

TEST(ParseEnvelope, TakesItemsApart) {
  const auto envelope =
      ParseEnvelope(Header() + "\n" + EventItem() +
                    "\n{\"type\":\"attachment\",\"length\":3}\n\n\r\n\n"
                    "{\"type\":\"attachment\",\"length\":0}\n\n"
                    "{\"type\":\"unknown\"}\nto the end of the line\n");
  ASSERT_TRUE(envelope.ok()) << envelope.status().message();
  EXPECT_EQ(envelope->event_id, kId);
  EXPECT_EQ(envelope->event(), Event());
  ASSERT_THAT(envelope->items, SizeIs(4));
  EXPECT_EQ(envelope->items[1].payload, "\n\r\n");
  EXPECT_EQ(envelope->items[2].payload, "");
  EXPECT_EQ(envelope->items[3].payload, "to the end of the line");
}

TEST(ParseEnvelope, TakesOneWithoutItems) {
  EXPECT_TRUE(ParseEnvelope("{}").ok());
  EXPECT_TRUE(ParseEnvelope("{}\n").ok());
}

struct Fault {
  std::string bytes;
  std::string named;
};

TEST(ParseEnvelope, NamesTheFault) {
  const std::vector<Fault> table = {
      {"", "header"},
      {"x", "header"},
      {" {}\n", "header"},
      {"{} \n", "header"},
      {"{\"sent_at\":\"a\",\"sent_at\":\"b\"}\n", "two headers sent_at"},
      {"{}\n\n", "item header"},
      {"{}\n{\"type\":\"event\"", "item header"},
      {"{}\n{\"length\":0}\n\n", "no type"},
      {"{}\n{\"type\":\"x\",\"length\":0}", "newline after an item header"},
      {"{}\n{\"type\":\"x\",\"length\":4}\nabc", "before its length"},
      {"{}\n{\"type\":\"x\",\"length\":2}\nabc\n", "no newline after a payload"},
      {Header() + "\n" + EventItem() + "\n" + EventItem(), "more than one event"},
      {"{}\n" + EventItem(), "event_id"},
      {"{\"event_id\":\"0ec79c33ec9942ab8353589fcb2e04dc\"}\n" + EventItem(),
       "not the envelope's"},
      {Header() + "\n{\"type\":\"event\"}\n[]", "no JSON object"},
  };
  for (const Fault& fault : table) {
    const auto envelope = ParseEnvelope(fault.bytes);
    ASSERT_FALSE(envelope.ok()) << fault.bytes;
    EXPECT_EQ(envelope.status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(envelope.status().message(), HasSubstr(fault.named)) << fault.bytes;
  }
}

}  // namespace
}  // namespace k8sentry::testing
