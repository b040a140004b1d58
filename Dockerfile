# The shop in one image: workers, nginx and migrations. The entrypoint's first argument chooses.
# Both stages are Debian 12, because the binary is linked to the same libraries that it runs with.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      libargon2-dev libcurl4-openssl-dev libfcgi-dev libpq-dev libssl-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# SwiftPM requires the other targets' folders even if it builds none of them.
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY Bench Bench
RUN swift build -c release --static-swift-stdlib --product tuckshop \
 && install -D -s "$(swift build -c release --static-swift-stdlib --show-bin-path)/tuckshop" /out/tuckshop \
 && rm -rf .build
COPY migrations /out/share/migrations
COPY nginx /out/share/nginx
COPY bin/pool /out/share/bin/pool
COPY deploy/compose/entrypoint /out/share/compose/
COPY deploy/roles.sql /out/share/roles.sql
# A checkout made under a strict umask must not end in files that the shop's user cannot read.
RUN mv /out/share/nginx/html /out/share/html && chmod -R u=rwX,go=rX /out

FROM ${BASE_IMAGE}
# Extra libraries come with the packages that need them; libargon2, libcurl, libfcgi, libpq and libssl are linked by the
# binary itself. ca-certificates are for single sign-on. lastlog and faillog would be sparse files of some megabytes.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      ca-certificates libargon2-1 libcurl4 libfcgi0ldbl libpq5 libssl3 multiwatch nginx spawn-fcgi \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /etc/nginx/sites-* /var/www/html \
 && groupadd --gid 10001 tuckshop \
 && useradd --uid 10001 --gid tuckshop --no-log-init --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin tuckshop \
 && install -d -m 750 -o tuckshop -g tuckshop /run/tuckshop \
 && install -d -m 755 -o tuckshop -g tuckshop /var/lib/tuckshop/media
COPY --from=build /out/tuckshop /usr/bin/tuckshop
COPY --from=build /out/share /usr/share/tuckshop

# Logs go where `docker logs` finds them; all other files are written to /tmp and /run/tuckshop, so that the root file
# system may be read-only.
ENV TUCKSHOP_BINARY=/usr/bin/tuckshop \
    TUCKSHOP_RUN_DIR=/run/tuckshop \
    TUCKSHOP_NGINX_TMP=/tmp/nginx \
    TUCKSHOP_ACCESS_LOG=/dev/stdout \
    TUCKSHOP_ERROR_LOG=stderr
USER 10001:10001
EXPOSE 8080 8081 9090
# QUIT lets nginx answer its requests before it ends, which TERM does not; multiwatch treats both alike.
STOPSIGNAL SIGQUIT
# Asks the pool's own socket; a container that is not a pool asks ops, if it shares the folder.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD tuckshop health --pool "${TUCKSHOP_POOL:-ops}"
ENTRYPOINT ["/usr/share/tuckshop/compose/entrypoint"]
CMD ["--help"]
