#include <gtest/gtest.h>

#include "k8sentry/filter.h"

namespace k8sentry {
namespace {

TEST(FieldSelector, IsEmptyWhereTheServerCanDoNothing) {
  EXPECT_EQ(FieldSelectorOf({}), "") << "the default knows an \"or\"";
  EXPECT_EQ(FieldSelectorOf({.type = {.include = {"Warning", "Normal"}}}), "");
  EXPECT_EQ(FieldSelectorOf({.component = {.include = {"kubelet"}},
                             .message = {.include = "killed"},
                             .label = {.include = {"a=b"}}}),
            "");
}

TEST(FieldSelector, AsksForTheOneValueThatIsWanted) {
  EXPECT_EQ(FieldSelectorOf({.type = {.include = {"Warning"}}}), "type=Warning");
  EXPECT_EQ(FieldSelectorOf({.namespace_ = {.include = {"shop"}},
                             .kind = {.include = {"Pod"}},
                             .name = {.include = {"api-0"}}}),
            "involvedObject.kind=Pod,involvedObject.name=api-0,"
            "involvedObject.namespace=shop");
}

TEST(FieldSelector, LeavesOutWhatIsUnwanted) {
  EXPECT_EQ(FieldSelectorOf({.type = {.exclude = {"Normal"}},
                             .reason = {.include = {"BackOff", "Failed"},
                                        .exclude = {"Pulled", "Created"}}}),
            "type!=Normal,reason!=Pulled,reason!=Created");
}

// kubectl's fields.EscapeValue.
TEST(FieldSelector, EscapesWhatWouldEndAValue) {
  EXPECT_EQ(FieldSelectorOf({.reason = {.include = {R"(a,b=c\d)"}}}),
            R"(reason=a\,b\=c\\d)");
}

TEST(FieldSelector, LeavesToTheFilterWhatDoesNotFit) {
  FilterOptions options;
  for (int i = 0; i < 500; ++i) {
    options.reason.exclude.push_back("Reason" + std::to_string(i));
  }
  options.kind.include = {"Pod"};
  const std::string selector = FieldSelectorOf(options);
  EXPECT_LE(selector.size(), 1024u);
  EXPECT_TRUE(selector.starts_with("reason!=Reason0,reason!=Reason1,"));
}

}  // namespace
}  // namespace k8sentry
