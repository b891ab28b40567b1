package com.example.interop;

import com.nimbusds.jose.jwk.JWK;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientProviderBuilder;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.endpoint.NimbusJwtClientAuthenticationParametersConverter;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.util.LinkedMultiValueMap;

/** The plain manager, one that names the audience, and one that signs. A profile selects it. */
@Configuration
class Managers {
  @Bean
  @Profile("!audience & !private-key-jwt")
  OAuth2AuthorizedClientManager plain(
      ClientRegistrationRepository registrations, OAuth2AuthorizedClientService clients) {
    return new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, clients);
  }

  @Bean
  @Profile("audience")
  OAuth2AuthorizedClientManager withAudience(
      ClientRegistrationRepository registrations,
      OAuth2AuthorizedClientService clients,
      @Value("${MIOT_AUDIENCE}") String audience) {
    var responses = new RestClientClientCredentialsTokenResponseClient();
    responses.addParametersConverter(
        request -> {
          var parameters = new LinkedMultiValueMap<String, String>();
          parameters.set("audience", audience);
          return parameters;
        });
    return manager(registrations, clients, responses);
  }

  @Bean
  @Profile("private-key-jwt")
  OAuth2AuthorizedClientManager signing(
      ClientRegistrationRepository registrations,
      OAuth2AuthorizedClientService clients,
      @Value("${MIOT_JWK_FILE}") Path file)
      throws Exception {
    JWK key = JWK.parse(Files.readString(file));
    var responses = new RestClientClientCredentialsTokenResponseClient();
    responses.addParametersConverter(
        new NimbusJwtClientAuthenticationParametersConverter<>(registration -> key));
    return manager(registrations, clients, responses);
  }

  private static OAuth2AuthorizedClientManager manager(
      ClientRegistrationRepository registrations,
      OAuth2AuthorizedClientService clients,
      RestClientClientCredentialsTokenResponseClient responses) {
    var manager = new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, clients);
    manager.setAuthorizedClientProvider(
        OAuth2AuthorizedClientProviderBuilder.builder()
            .clientCredentials(grant -> grant.accessTokenResponseClient(responses))
            .build());
    return manager;
  }
}
