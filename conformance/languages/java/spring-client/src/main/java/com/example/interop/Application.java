package com.example.interop;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.web.client.OAuth2ClientHttpRequestInterceptor;
import org.springframework.web.client.RestClient;

/** Sends a report with a token that Spring Security gets by itself. */
@SpringBootApplication
public class Application {
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @Bean
  CommandLineRunner report(
      OAuth2AuthorizedClientManager manager,
      RestClient.Builder builder,
      @Value("${MIOT_API_URL}") String api,
      @Value("${ASSET_ID}") String asset) {
    var interceptor = new OAuth2ClientHttpRequestInterceptor(manager);
    interceptor.setClientRegistrationIdResolver(request -> "modulariot");
    RestClient client = builder.requestInterceptor(interceptor).build();
    return args ->
        client
            .post()
            .uri(api + "/v1/asset/track")
            .contentType(MediaType.APPLICATION_JSON)
            .header("X-Request-Id", UUID.randomUUID().toString())
            .header("X-Request-Timestamp", String.valueOf(Instant.now().getEpochSecond()))
            .body(Map.of("asset_id", asset, "timestamp", Instant.now().toString()))
            .retrieve()
            .toBodilessEntity();
  }
}
