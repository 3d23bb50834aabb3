#include "emdyn/app/serve/server.hpp"

// Beast 1.74 uses std::exchange without including what declares it.
#include <utility>

// The only file of the program that sees Beast: it takes some fifteen seconds to compile.
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "emdyn/core/text.hpp"

namespace emdyn::app::serve {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
using tcp = net::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMostWaiting = 512;        // Requests that wait for a worker.
constexpr std::size_t kStreamBytes = 64 * 1024;  // Of one write to one client of the stream.
constexpr std::chrono::seconds kHeartbeat{15};   // Proxies close what is silent for a minute.
constexpr std::chrono::milliseconds kStopLook{50};
constexpr std::chrono::milliseconds kStopTime{1500};

std::chrono::steady_clock::duration in_seconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Each client is a descriptor, and shells allow 1,024.
void raise_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 16384));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

net::ip::address address_of(const std::string& text) {
  if (text == "localhost") return net::ip::address_v4::loopback();
  error_code error;
  const auto address = net::ip::make_address(text, error);
  if (error) {
    throw ConfigError(fmt::format(
        "--address must be an address of this machine in digits (127.0.0.1, ::1, 0.0.0.0), got \"{}\"",
        terminal_safe(text)));
  }
  return address;
}

}  // namespace

bool is_loopback(const std::string& address) { return address_of(address).is_loopback(); }

namespace {
class Connection;
}

struct Server::Impl {
  Impl(Service& the_service, const ServerOptions& the_options);

  void listen();
  void accept();
  void admit(tcp::socket socket);
  void watch_stop(const std::atomic<bool>& stop);
  void beat();
  void pump_all();
  bool wait_for_workers();

  Service& service;
  const ServerOptions options;
  net::io_context io{1};
  net::thread_pool workers;
  tcp::acceptor acceptor{io};
  net::steady_timer stop_timer{io};
  net::steady_timer beat_timer{io};
  net::steady_timer accept_timer{io};
  std::set<std::shared_ptr<Connection>>
      connections;  // Touched by the thread of `io` alone, as the next.
  std::map<std::string, std::size_t> of_client;
  std::atomic<std::size_t> answering{0};
  std::atomic<bool> pump_due{false};
};

namespace {

/// One client: requests one after another, or the stream. Every member is touched by the thread of the
/// io_context alone; answers are made elsewhere and posted back.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server::Impl& server, tcp::socket socket, std::string client)
      : server_(server), stream_(std::move(socket)), client_(std::move(client)) {}

  const std::string& client() const noexcept { return client_; }

  void read();
  /// Sends what came since, where the client reads the stream and nothing is being sent.
  void pump();
  /// A comment that keeps the stream alive.
  void beat();
  void close();

 private:
  void on_read(error_code error);
  HttpRequest take_request();
  void refuse(int status, std::string_view message);
  void answer();
  void send(Response response, bool keep_alive, bool head_only);
  void on_sent(error_code error, bool keep_alive);
  void begin_stream(HttpRequest request);
  void send_frames(std::string frames);
  void notice_end();

  Server::Impl& server_;
  beast::tcp_stream stream_;
  std::string client_;
  beast::flat_buffer buffer_{64 * 1024};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response<http::empty_body>> head_;
  // Of the stream:
  bool streaming_ = false;
  bool sending_ = false;
  bool closed_ = false;
  StreamFilter filter_;
  EventStream::Place place_;
  std::string out_;
  char ignored_ = 0;
};

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
  const auto found = server_.of_client.find(client_);
  if (found != server_.of_client.end() && --found->second == 0) server_.of_client.erase(found);
  server_.connections.erase(shared_from_this());
}

void Connection::read() {
  if (closed_) return;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.options.header_bytes));
  parser_->body_limit(server_.options.body_bytes);
  stream_.expires_after(in_seconds(server_.options.request_seconds));
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
}

void Connection::on_read(error_code error) {
  if (closed_) return;
  if (!error) return answer();
  if (error == http::error::body_limit)
    return refuse(413, fmt::format("a body has at most {} bytes", server_.options.body_bytes));
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return refuse(431, fmt::format("headers have at most {} bytes", server_.options.header_bytes));
  if (error == http::error::end_of_stream || error == beast::error::timeout ||
      error.category() != http::make_error_code(http::error::bad_method).category())
    return close();
  refuse(400, "this is no HTTP request");
}

void Connection::refuse(int status, std::string_view message) {
  Response response = error_response(status, message);
  add_security_headers(response);
  send(std::move(response), false, false);
}

HttpRequest Connection::take_request() {
  auto& message = parser_->get();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string& value = request.headers[to_lower(std::string(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += std::string(field.value());
  }
  request.body = std::move(message.body());
  request.client = client_;
  return request;
}

void Connection::answer() {
  const bool keep_alive = parser_->get().keep_alive();
  HttpRequest request = take_request();
  if (Service::is_stream(request)) return begin_stream(std::move(request));
  const bool head_only = request.method == "HEAD";
  if (head_only) request.method = "GET";
  if (server_.answering.load() >= kMostWaiting)
    return refuse(503, "the server has too much to do: ask again in a second");
  ++server_.answering;
  net::post(server_.workers, [self = shared_from_this(), asked = std::move(request), keep_alive,
                              head_only]() mutable {
    Response response = self->server_.service.answer(asked, now_seconds());
    --self->server_.answering;
    net::io_context& io = self->server_.io;
    net::post(io,
              [self = std::move(self), response = std::move(response), keep_alive,
               head_only]() mutable { self->send(std::move(response), keep_alive, head_only); });
  });
}

void Connection::send(Response response, bool keep_alive, bool head_only) {
  if (closed_) return;
  stream_.expires_after(in_seconds(server_.options.write_seconds));
  const auto fill = [&](auto& message) {
    message.result(static_cast<unsigned>(response.status));
    message.version(11);
    message.keep_alive(keep_alive);
    message.set(http::field::content_type, response.type);
    for (const auto& [name, value] : response.headers) message.insert(name, value);
  };
  const auto sent = [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
    self->on_sent(error, keep_alive);
  };
  if (head_only || response.status == 304) {
    head_.emplace();
    fill(*head_);
    if (response.status != 304) head_->content_length(response.body.size());
    return http::async_write(stream_, *head_, sent);
  }
  response_.emplace();
  fill(*response_);
  response_->body() = std::move(response.body);
  response_->prepare_payload();
  http::async_write(stream_, *response_, sent);
}

void Connection::on_sent(error_code error, bool keep_alive) {
  response_.reset();
  if (error || !keep_alive) return close();
  read();
}

void Connection::begin_stream(HttpRequest request) {
  Service::Subscription subscription = server_.service.subscribe(request, now_seconds());
  if (!subscription.accepted) return send(std::move(subscription.refusal), false, false);
  streaming_ = true;
  filter_ = std::move(subscription.filter);
  place_ = subscription.place;
  Response head;
  add_security_headers(head);
  std::string text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "X-Accel-Buffering: no\r\nConnection: close\r\n";
  for (const auto& [name, value] : head.headers) text += fmt::format("{}: {}\r\n", name, value);
  text += "\r\nretry: 1000\n\n";
  stream_.expires_never();
  notice_end();
  send_frames(std::move(text));
}

/// A client of the stream sends nothing more: what comes is its end.
void Connection::notice_end() {
  stream_.async_read_some(net::buffer(&ignored_, 1),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->close();
                            self->notice_end();
                          });
}

void Connection::pump() {
  if (!streaming_ || sending_ || closed_) return;
  std::string frames = server_.service.stream().take(place_, filter_, kStreamBytes);
  if (!frames.empty()) send_frames(std::move(frames));
}

void Connection::beat() {
  if (streaming_ && !sending_ && !closed_) send_frames(": alive\n\n");
}

void Connection::send_frames(std::string frames) {
  out_ = std::move(frames);
  sending_ = true;
  stream_.expires_after(in_seconds(server_.options.write_seconds));
  net::async_write(stream_, net::buffer(out_),
                   [self = shared_from_this()](error_code error, std::size_t) {
                     self->sending_ = false;
                     if (error) return self->close();
                     self->pump();
                   });
}

}  // namespace

Server::Impl::Impl(Service& the_service, const ServerOptions& the_options)
    : service(the_service), options(the_options), workers(the_options.workers) {
  listen();
}

void Server::Impl::listen() {
  const tcp::endpoint where(address_of(options.address), options.port);
  error_code error;
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    throw UnavailableError(fmt::format(
        "serve: cannot listen on {} port {} ({}): give another --port (0 takes a free one) or --address",
        options.address, options.port, error.message()));
  }
}

void Server::Impl::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    // Most likely no descriptor is left: others end, then there is one.
    accept_timer.expires_after(std::chrono::milliseconds(100));
    accept_timer.async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void Server::Impl::admit(tcp::socket socket) {
  error_code error;
  const auto end = socket.remote_endpoint(error);
  if (error) return;
  const std::string client = end.address().to_string();
  const auto known = of_client.find(client);
  const std::size_t has = known == of_client.end() ? 0 : known->second;
  if (connections.size() >= options.connections ||
      (!end.address().is_loopback() && has >= options.connections_of_client))
    return;  // Closed by its destructor.
  socket.set_option(tcp::no_delay(true), error);
  ++of_client[client];
  const auto connection = std::make_shared<Connection>(*this, std::move(socket), client);
  connections.insert(connection);
  connection->read();
}

void Server::Impl::pump_all() {
  pump_due = false;
  const auto all = connections;  // A client whose write fails leaves the set.
  for (const auto& connection : all) connection->pump();
}

void Server::Impl::beat() {
  beat_timer.expires_after(kHeartbeat);
  beat_timer.async_wait([this](error_code error) {
    if (error) return;
    const auto all = connections;
    for (const auto& connection : all) connection->beat();
    beat();
  });
}

void Server::Impl::watch_stop(const std::atomic<bool>& stop) {
  if (stop.load()) {
    service.stop();
    error_code ignored;
    acceptor.close(ignored);
    const auto all = connections;
    for (const auto& connection : all) connection->close();
    io.stop();
    return;
  }
  stop_timer.expires_after(kStopLook);
  stop_timer.async_wait([this, &stop](error_code error) {
    if (!error) watch_stop(stop);
  });
}

bool Server::Impl::wait_for_workers() {
  const auto until = std::chrono::steady_clock::now() + kStopTime;
  while (answering.load() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return answering.load() == 0;
}

Server::Server(Service& service, const ServerOptions& options)
    : impl_(std::make_unique<Impl>(service, options)) {}

Server::~Server() = default;

std::uint16_t Server::port() const noexcept {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

std::string Server::url() const {
  const net::ip::address address = address_of(impl_->options.address);
  // Whoever listens everywhere is reached here by its own address.
  const std::string host = address.is_unspecified() ? "127.0.0.1" : address.to_string();
  return fmt::format("http://{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]",
                     port());
}

bool Server::run(const std::atomic<bool>& stop) {
  raise_limit();
  ::signal(SIGPIPE, SIG_IGN);  // A client that goes away is an error of its own connection.
  Impl& impl = *impl_;
  impl.service.stream().on_message([&impl] {
    if (!impl.pump_due.exchange(true)) net::post(impl.io, [&impl] { impl.pump_all(); });
  });
  impl.accept();
  impl.beat();
  impl.watch_stop(stop);
  impl.io.run();
  impl.service.stream().on_message({});
  impl.workers.stop();
  return impl.wait_for_workers();
}

}  // namespace emdyn::app::serve
