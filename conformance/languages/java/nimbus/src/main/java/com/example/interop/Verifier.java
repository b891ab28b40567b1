package com.example.interop;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URL;
import java.util.Set;

/** Verifies the tokens on standard input; `at+jwt` makes it require that type of token. */
public class Verifier {
  public static void main(String[] args) throws Exception {
    URL keys = URI.create(System.getenv("MIOT_ISSUER") + "/.well-known/jwks.json").toURL();
    var source = JWKSourceBuilder.create(keys).retrying(true).build();
    var processor = new DefaultJWTProcessor<SecurityContext>();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, source));
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(
            System.getenv("MIOT_AUDIENCE"),
            new JWTClaimsSet.Builder().issuer(System.getenv("MIOT_ISSUER")).build(),
            Set.of("sub", "iat", "exp", "scope", "client_id", "jti")));
    if (args.length > 0) {
      processor.setJWSTypeVerifier(
          new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType(args[0])));
    }
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String token; (token = lines.readLine()) != null; ) {
      try {
        processor.process(token, null);
        System.out.println("accept");
      } catch (Exception refused) {
        System.err.println(refused.getMessage());
        System.out.println("refuse");
      }
    }
  }
}
