package com.example.interop;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Prints a token. `private-key-jwt` signs instead of sending the secret; `audience` names it. */
public class TokenClient {
  public static void main(String[] args) throws Exception {
    var issuer = new Issuer(System.getenv("MIOT_ISSUER"));
    URI endpoint = AuthorizationServerMetadata.resolve(issuer).getTokenEndpointURI();
    var id = new ClientID(System.getenv("MIOT_CLIENT_ID"));
    ClientAuthentication authentication =
        List.of(args).contains("private-key-jwt")
            ? signed(id, endpoint)
            : new ClientSecretBasic(id, new Secret(System.getenv("MIOT_CLIENT_SECRET")));
    var request = new TokenRequest.Builder(endpoint, authentication, new ClientCredentialsGrant());
    if (List.of(args).contains("audience")) {
      request.resource(URI.create(System.getenv("MIOT_AUDIENCE")));
    }
    var response = TokenResponse.parse(request.build().toHTTPRequest().send());
    if (!response.indicatesSuccess()) {
      throw new IllegalStateException(response.toErrorResponse().toJSONObject().toString());
    }
    System.out.println(response.toSuccessResponse().getTokens().getAccessToken().getValue());
  }

  private static PrivateKeyJWT signed(ClientID id, URI endpoint) throws Exception {
    RSAKey key = JWK.parse(Files.readString(Path.of(System.getenv("MIOT_JWK_FILE")))).toRSAKey();
    return new PrivateKeyJWT(
        id, endpoint, JWSAlgorithm.RS256, key.toRSAPrivateKey(), key.getKeyID(), null);
  }
}
