# What the example in Elixir needs and a machine without Hex does not have: Req's `post` over
# HTTP/1.0 to this machine, and JSON before Elixir 1.18 (Debian has 1.14; erlang-jiffy stands in).

Code.compiler_options(ignore_module_conflict: true)

unless Code.ensure_loaded?(JSON) do
  defmodule JSON do
    def encode!(term), do: term |> :jiffy.encode() |> IO.iodata_to_binary()
    def decode!(text), do: :jiffy.decode(text, [:return_maps])
  end
end

defmodule Mix do
  def install([{:req, _}]), do: :ok
end

defmodule Req.Response do
  defstruct [:status, :headers, :body]
  def get_header(%{headers: headers}, name), do: for({^name, value} <- headers, do: value)
end

defmodule Req do
  def post(url, options) do
    uri = URI.parse(url)
    {type, body} = content(options)
    lines = for {name, value} <- type ++ options[:headers], do: "#{name}: #{value}\r\n"
    head = "POST #{uri.path} HTTP/1.0\r\ncontent-length: #{byte_size(body)}\r\n"

    with {:ok, socket} <-
           :gen_tcp.connect(to_charlist(uri.host), uri.port, [:binary, active: false]),
         :ok <- :gen_tcp.send(socket, [head, lines, "\r\n", body]),
         {:ok, answer} <- read(socket, "") do
      {:ok, answer}
    else
      {:error, reason} -> {:error, RuntimeError.exception(inspect(reason))}
    end
  end

  defp content(options) do
    case options[:form] do
      nil -> {[], options[:body]}
      form -> {[{"content-type", "application/x-www-form-urlencoded"}], URI.encode_query(form)}
    end
  end

  defp read(socket, read) do
    case :gen_tcp.recv(socket, 0, 10_000) do
      {:ok, more} -> read(socket, read <> more)
      {:error, :closed} -> parse(String.split(read, "\r\n\r\n", parts: 2))
      {:error, reason} -> {:error, reason}
    end
  end

  defp parse([head, body]) do
    ["HTTP/1.1 " <> <<status::binary-size(3)>> <> _ | lines] = String.split(head, "\r\n")

    headers =
      for line <- lines,
          [name, value] = String.split(line, ": ", parts: 2),
          do: {String.downcase(name), value}

    length = for {"content-length", value} <- headers, do: String.to_integer(value)

    if length in [[], [byte_size(body)]],
      do: {:ok, %Req.Response{status: String.to_integer(status), headers: headers, body: body}},
      else: {:error, :closed}
  end

  defp parse(_), do: {:error, :closed}
end
