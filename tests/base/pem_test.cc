#include "base/pem.h"

#include <openssl/err.h>

#include "base/base64.h"
#include "tests/authority.h"

namespace k8sentry::internal {
namespace {

const Authority& Ca() {
  static const Authority authority;
  return authority;
}

// The same key, behind a password.
std::string Encrypted(const std::string& key_pem) {
  const Owned<BIO> in(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), "hush", 4,
                                nullptr, nullptr);
  return Text(out);
}

TEST(Pem, TakesCertificatesWithWhateverStandsAround) {
  const Identity me = Ca().Sign("DNS:me");
  EXPECT_TRUE(CheckCertificates(Ca().pem()).ok());
  EXPECT_TRUE(CheckCertificates("# roots\r\n" + Ca().pem() + "\n\n" + Ca().pem()).ok());
  EXPECT_TRUE(CheckCertificates(me.key_pem + me.certificate_pem).ok());
}

TEST(Pem, TakesNoneOrHalfOfOneForNone) {
  const std::string pem = Ca().pem();
  for (const std::string& text :
       {std::string(), std::string(" \n"), std::string("hush"), pem.substr(0, 100),
        pem + pem.substr(0, 100), pem + pem.substr(0, pem.size() - 5),
        std::string("-----BEGIN CERTIFICATE-----\naHVzaA==\n"
                    "-----END CERTIFICATE-----\n")}) {
    const Status status = CheckCertificates(text);
    EXPECT_EQ(status.code(), StatusCode::kConfiguration) << text;
    EXPECT_EQ(status.message().find("hush"), std::string::npos);
  }
}

TEST(Pem, KnowsWhetherAKeyBelongsToACertificate) {
  const Identity me = Ca().Sign("DNS:me"), you = Ca().Sign("DNS:you");
  EXPECT_TRUE(CheckKeyPair(me.certificate_pem, me.key_pem).ok());
  EXPECT_TRUE(CheckKeyPair(me.certificate_pem + Ca().pem(), me.key_pem).ok());
  EXPECT_FALSE(CheckKeyPair(me.certificate_pem, you.key_pem).ok());
  EXPECT_FALSE(CheckKeyPair(Ca().pem() + me.certificate_pem, me.key_pem).ok())
      << "the client's own comes first";
  EXPECT_FALSE(CheckKeyPair("", me.key_pem).ok());
  EXPECT_FALSE(CheckKeyPair(me.certificate_pem, "").ok());
}

TEST(Pem, AsksNobodyForThePasswordOfAKey) {
  const Identity me = Ca().Sign("DNS:me");
  EXPECT_EQ(CheckKeyPair(me.certificate_pem, Encrypted(me.key_pem)).message(),
            "there is no private key in it, or an encrypted one");
}

TEST(Pem, LeavesNoErrorBehindForTheNextConnection) {
  ERR_clear_error();
  EXPECT_FALSE(CheckCertificates("hush").ok());
  EXPECT_FALSE(CheckKeyPair(Ca().pem(), "hush").ok());
  EXPECT_TRUE(CheckCertificates(Ca().pem()).ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Base64, GivesBackWhatItWasGiven) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(DecodeBase64(" Zm\r\n9v\t"), "foo");
}

TEST(Base64, TakesNothingElse) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Z=g=", "{}", "Zm9v="}) {
    EXPECT_FALSE(DecodeBase64(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace k8sentry::internal
