package com.example.interop;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** Accepts access tokens of RFC 9068, whose type is `at+jwt`. */
@Configuration
@Profile("at-jwt")
class AtJwt {
  @Bean
  JwtDecoder jwtDecoder(
      @Value("${MIOT_ISSUER}") String issuer, @Value("${MIOT_AUDIENCE}") String audience) {
    var decoder = NimbusJwtDecoder.withIssuerLocation(issuer).validateType(false).build();
    decoder.setJwtValidator(
        JwtValidators.createAtJwtValidator().issuer(issuer).audience(audience).build());
    return decoder;
  }
}
