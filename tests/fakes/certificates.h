// Certificates of tests, made by openssl's command line in a folder of the test.
#pragma once

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/clock.h"
#include "io/subprocess.h"

namespace tidewright::fakes {

struct Pem {
  std::string certificate;
  std::string key;
};

/// A certification authority: `folder`/NAME.crt and NAME.key, and what it signs beside it.
class Authority {
 public:
  Authority(std::string folder, const std::string& name)
      : folder_(std::move(folder)), ca_(Paths(name)) {
    OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", ca_.key, "-out", ca_.certificate, "-days", "30", "-subj", "/CN=" + name,
             "-addext", "keyUsage=critical,keyCertSign,cRLSign"});
  }

  [[nodiscard]] const std::string& ca_file() const { return ca_.certificate; }

  /// `names` as openssl writes them: "IP:127.0.0.1,DNS:redis.example". Valid from now on for `days`.
  Pem Sign(const std::string& name, const std::string& names, int days = 10) {
    const Pem made = Paths(name);
    const std::string request = folder_ + "/" + name + ".csr";
    const std::string extensions = folder_ + "/" + name + ".ext";
    std::ofstream(extensions) << "subjectAltName=" << names << "\n";
    OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", made.key, "-out", request, "-subj", "/CN=" + name});
    OpenSsl({"x509", "-req", "-in", request, "-CA", ca_.certificate, "-CAkey", ca_.key,
             "-CAcreateserial", "-days", std::to_string(days), "-extfile", extensions, "-out",
             made.certificate});
    return made;
  }

 private:
  [[nodiscard]] Pem Paths(const std::string& name) const {
    return {folder_ + "/" + name + ".crt", folder_ + "/" + name + ".key"};
  }
  static void OpenSsl(std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    RealClock clock;
    const auto result = io::Run(words, std::chrono::seconds(30), clock);
    if (!result.ok()) throw std::runtime_error(Message(result.status()));
    if (result->exit_code != 0) throw std::runtime_error("openssl: " + result->output);
  }

  std::string folder_;
  Pem ca_;
};

}  // namespace tidewright::fakes
