#include <gmock/gmock.h>

#include "k8sentry/sentry_reporter.h"
#include "k8sentry/version.h"

namespace k8sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct GoodDsn {
  std::string text;
  std::string envelope_url;
  std::string redacted;
};

// Specification: Sentry developer docs, DSN; the edge cases where SDKs disagree are
// ours.
TEST(Dsn, LeadsToTheEnvelopeEndpoint) {
  const GoodDsn table[] = {
      {"https://pk@h/1", "https://h/api/1/envelope/", "https://***@h/1"},
      {"http://pk@h/1", "http://h/api/1/envelope/", "http://***@h/1"},
      {"https://pk:sk@h:8443/a/b/42", "https://h:8443/a/b/api/42/envelope/",
       "https://***@h:8443/a/b/42"},
      {"https://pk@h:443/1", "https://h/api/1/envelope/", "https://***@h/1"},
      {"http://pk@h:443/1", "http://h:443/api/1/envelope/", "http://***@h:443/1"},
      {"https://pk@h/42/", "https://h/api/42/envelope/", "https://***@h/42"},
      {"https://pk@h/a/42//", "https://h/a/api/42/envelope/", "https://***@h/a/42"},
      {"https://pk@h//42", "https://h/api/42/envelope/", "https://***@h/42"},
      {"http://pk@[::1]:9000/7", "http://[::1]:9000/api/7/envelope/",
       "http://***@[::1]:9000/7"},
      {"http://pk@[fe80::1]/7", "http://[fe80::1]/api/7/envelope/",
       "http://***@[fe80::1]/7"},
      {"https://pk@h/abc", "https://h/api/abc/envelope/", "https://***@h/abc"},
      {"https://pk@h/42?x=1", "https://h/api/42/envelope/", "https://***@h/42"},
      {"https://pk@h/42#x/7", "https://h/api/42/envelope/", "https://***@h/42"},
      {"HTTPS://pk@H.Example/42", "https://h.example/api/42/envelope/",
       "https://***@h.example/42"},
      {" https://pk@h/42\n", "https://h/api/42/envelope/", "https://***@h/42"},
      {"https://pk@o447951.ingest.us.sentry.io/5429219",
       "https://o447951.ingest.us.sentry.io/api/5429219/envelope/",
       "https://***@o447951.ingest.us.sentry.io/5429219"},
  };
  for (const GoodDsn& good : table) {
    const Result<Dsn> dsn = ParseDsn(good.text);
    ASSERT_TRUE(dsn.ok()) << good.text << ": " << dsn.status().message();
    EXPECT_EQ(dsn->envelope_url(), good.envelope_url);
    EXPECT_EQ(dsn->redacted(), good.redacted);
  }
}

TEST(Dsn, KeepsItsParts) {
  const Result<Dsn> dsn = ParseDsn("https://public:secret@sentry.example:8443/a/b/42");
  ASSERT_TRUE(dsn.ok());
  EXPECT_EQ(dsn->scheme, "https");
  EXPECT_EQ(dsn->public_key.Reveal(), "public");
  EXPECT_EQ(dsn->secret_key.Reveal(), "secret");
  EXPECT_EQ(dsn->host, "sentry.example");
  EXPECT_EQ(dsn->port, 8443);
  EXPECT_EQ(dsn->path, "/a/b");
  EXPECT_EQ(dsn->project_id, "42");
}

struct BadDsn {
  std::string text;
  std::string named;  // what the message must name
};

TEST(Dsn, ErrorsNameWhatIsWrongAndNeverTheKey) {
  const BadDsn table[] = {
      {"", "empty"},
      {" \n", "empty"},
      {"sesame@h/1", "http"},
      {"//sesame@h/1", "http"},
      {"ftp://sesame@h/1", "scheme"},
      {"https://h/1", "public key"},
      {"https://@h/1", "public key"},
      {"https://:sesame@h/1", "public key"},
      {"https://ses\r\name@h/1", "public key"},
      {"https://sesame, sentry_key=x@h/1", "public key"},
      {"https://sesame:s\"@h/1", "secret key"},
      {"https://sesame@@h/1", "public key"},
      {"https://sesame@/1", "host"},
      {"https://sesame@:80/1", "host"},
      {"https://sesame@h h/1", "host"},
      {"https://sesame@h\x01/1", "host"},
      {"https://sesame@[::1/1", "IPv6"},
      {"https://sesame@[]/1", "IPv6"},
      {"https://sesame@[evil]/1", "IPv6"},
      {"https://sesame@[::1]x/1", "IPv6"},
      {"https://sesame@h:/1", "port"},
      {"https://sesame@h:0/1", "port"},
      {"https://sesame@h:65536/1", "port"},
      {"https://sesame@h:80a/1", "port"},
      {"https://sesame@h:-1/1", "port"},
      {"https://sesame@h:99999999999999999999/1", "port"},
      {"https://sesame@h", "project id"},
      {"https://sesame@h/", "project id"},
      {"https://sesame@h//", "project id"},
      {"https://sesame@h?x=/1", "project id"},
      {"https://sesame@h/..", "project id"},
      {"https://sesame@h/4 2", "project id"},
      {"https://sesame@h/a\nb/42", "path"},
  };
  for (const BadDsn& bad : table) {
    const Result<Dsn> dsn = ParseDsn(bad.text);
    ASSERT_FALSE(dsn.ok()) << bad.text;
    EXPECT_EQ(dsn.status().code(), StatusCode::kConfiguration) << bad.text;
    EXPECT_THAT(dsn.status().message(), HasSubstr(bad.named)) << bad.text;
    EXPECT_THAT(dsn.status().message(), Not(HasSubstr("sesame"))) << bad.text;
  }
}

TEST(Dsn, AuthorisesWithTheKeysItHas) {
  const std::string client = "Sentry sentry_version=7, sentry_client=k8sentry/" +
                             std::string(Version()) + ", sentry_key=pk";
  EXPECT_EQ(ParseDsn("https://pk@h/1")->auth_header().Reveal(), client);
  EXPECT_EQ(ParseDsn("https://pk:sk@h/1")->auth_header().Reveal(),
            client + ", sentry_secret=sk");
}

TEST(Dsn, EveryTruncationIsReadOrRefused) {
  const std::string text = "https://public:secret@[::1]:8443/a/b/42?x=1";
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const Result<Dsn> dsn = ParseDsn(text.substr(0, n));
    if (dsn.ok()) {
      EXPECT_THAT(dsn->envelope_url(), Not(HasSubstr("public")));
    } else {
      EXPECT_FALSE(dsn.status().message().empty());
    }
  }
}

}  // namespace
}  // namespace k8sentry
