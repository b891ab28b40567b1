# ModularIoT in a container: only what serving needs, as a user without rights (docs/install.md).
#
#   docker build --build-arg COMMIT="$(git rev-parse HEAD)" --tag modulariot .
#
# `npm run conformance -- container` runs these steps without Docker.

FROM node:26.10.0-bookworm-slim AS build
WORKDIR /opt/modulariot
COPY package.json package-lock.json tsconfig.json LICENSE NOTICE ./
COPY packages packages
# The packages, the web page, which the sources of a release hold already, and the program in few
# files.
RUN npm ci --omit=dev --no-fund --no-audit \
 && node_modules/node/bin/node packages/console/build/build.ts \
 && node_modules/node/bin/node packages/cli/build/build.ts
# There is no Git here. The sources of a release hold their commit already.
ARG COMMIT=
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT" > packages/cli/commit.txt; fi

FROM debian:bookworm-slim
# The pinned Node is among the dependencies. Of what it needs, only this library is not in the image.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libatomic1 \
 && rm -rf /var/lib/apt/lists/*
# A name for the user: the audit trail records it. A new volume takes over this directory's owner.
RUN groupadd --system --gid 10001 modulariot \
 && useradd --system --uid 10001 --gid 10001 --home-dir /nonexistent --no-create-home modulariot \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/modulariot
COPY --from=build /opt/modulariot /opt/modulariot
WORKDIR /opt/modulariot
# The output of a container is kept, so the first start shows no secret.
ENV PATH=/opt/modulariot/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    MIOT_DATA_DIR=/var/lib/modulariot \
    MIOT_QUICKSTART=off
USER 10001:10001
VOLUME /var/lib/modulariot
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["miot", "health"]
# Not the wrapper `miot`: signals reach this process. The flag: SIGUSR1 opens no debugger.
ENTRYPOINT ["node", "--disable-sigusr1", "packages/cli/src/main.ts"]
CMD ["serve"]
