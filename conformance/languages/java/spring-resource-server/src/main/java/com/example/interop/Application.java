package com.example.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A resource server; each line of standard input is a token that a request to it carries. */
@SpringBootApplication
@RestController
public class Application {
  @GetMapping("/")
  String protectedResource() {
    return "accept";
  }

  public static void main(String[] args) throws Exception {
    try (var server = SpringApplication.run(Application.class, args)) {
      String port = server.getEnvironment().getProperty("local.server.port");
      URI self = URI.create("http://127.0.0.1:" + port + "/");
      var lines = new BufferedReader(new InputStreamReader(System.in));
      for (String token; (token = lines.readLine()) != null; ) {
        System.out.println(status(self, token) == 200 ? "accept" : "refuse");
      }
    }
  }

  private static int status(URI self, String token) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(self).header("Authorization", "Bearer " + token).build();
    var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      System.err.println(response.headers().firstValue("WWW-Authenticate").orElse("no challenge"));
    }
    return response.statusCode();
  }
}
