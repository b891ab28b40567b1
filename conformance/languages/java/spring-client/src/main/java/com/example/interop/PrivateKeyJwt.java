package com.example.interop;

import com.nimbusds.jose.jwk.JWK;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.Profile;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientProviderBuilder;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.endpoint.NimbusJwtClientAuthenticationParametersConverter;
import org.springframework.security.oauth2.client.endpoint.OAuth2AccessTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;

/** Signs instead of sending a secret, with the key in MIOT_JWK_FILE. */
@Configuration
@Profile("private-key-jwt")
class PrivateKeyJwt {
  @Bean
  @Primary
  OAuth2AuthorizedClientManager signingManager(
      ClientRegistrationRepository registrations,
      OAuth2AuthorizedClientService clients,
      OAuth2AccessTokenResponseClient<OAuth2ClientCredentialsGrantRequest> responses) {
    var manager = new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, clients);
    manager.setAuthorizedClientProvider(
        OAuth2AuthorizedClientProviderBuilder.builder()
            .clientCredentials(grant -> grant.accessTokenResponseClient(responses))
            .build());
    return manager;
  }

  @Bean
  OAuth2AccessTokenResponseClient<OAuth2ClientCredentialsGrantRequest> responses(
      @Value("${MIOT_JWK_FILE}") Path file) throws Exception {
    JWK key = JWK.parse(Files.readString(file));
    var responses = new RestClientClientCredentialsTokenResponseClient();
    responses.addParametersConverter(
        new NimbusJwtClientAuthenticationParametersConverter<>(registration -> key));
    return responses;
  }
}
