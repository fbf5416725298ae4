# A libcurl that speaks HTTP and nothing else, built from its source for the command alone.
# Debian's brings GnuTLS, Kerberos, LDAP, SSH and RTMP into the process: 3.7 MB that nobody
# uses. Price: its security fixes are ours to follow.
include(FetchContent)
enable_language(C)
FetchContent_Declare(curl
  URL https://deb.debian.org/debian/pool/main/c/curl/curl_8.14.1.orig.tar.gz
    https://curl.se/download/curl-8.14.1.tar.gz
  URL_HASH SHA256=6766ada7101d292b42b8b15681120acd68effa4a9660935853cf6d61f0d984d4
  DOWNLOAD_EXTRACT_TIMESTAMP OFF)
foreach(option CURL_USE_OPENSSL CURL_ZLIB USE_NGHTTP2 HTTP_ONLY BUILD_STATIC_LIBS CURL_DISABLE_INSTALL)
  set(${option} ON CACHE INTERNAL "")
endforeach()
foreach(option BUILD_SHARED_LIBS BUILD_CURL_EXE BUILD_TESTING BUILD_EXAMPLES BUILD_LIBCURL_DOCS BUILD_MISC_DOCS
    ENABLE_CURL_MANUAL CURL_BROTLI CURL_ZSTD CURL_USE_LIBPSL CURL_USE_LIBSSH2 CURL_USE_GSSAPI USE_LIBIDN2
    ENABLE_UNIX_SOCKETS)
  set(${option} OFF CACHE INTERNAL "")
endforeach()
foreach(part ALTSVC AWS COOKIES DOH FORM_API HSTS KERBEROS_AUTH LDAP MIME NEGOTIATE_AUTH NETRC NTLM)
  set(CURL_DISABLE_${part} ON CACHE INTERNAL "")
endforeach()
FetchContent_MakeAvailable(curl)
